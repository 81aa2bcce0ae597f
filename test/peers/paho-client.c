/* A foreign MQTT client on Eclipse Paho for C (MQTTClient API), driven from stdin. Speaks what paho-client.py speaks:
 * `verb key=value key=value …`, values percent-encoded; events on stdout look the same.
 */
#include <MQTTClient.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 64
#define LINE_BYTES 400000

static MQTTClient client;
static int version;
static pthread_mutex_t output = PTHREAD_MUTEX_INITIALIZER;

struct field {
  char *key;
  char *value;
  int length;
};
static struct field fields[MAX_FIELDS];
static int field_count;

static int hex(char c) {
  return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static int decode(char *text) {
  char *to = text;
  for (char *from = text; *from; from++) {
    if (*from == '%') {
      *to++ = (char)(hex(from[1]) << 4 | hex(from[2]));
      from += 2;
    } else {
      *to++ = *from;
    }
  }
  *to = 0;
  return (int)(to - text);
}

static void parse(char *line) {
  char *next;
  field_count = 0;
  for (char *word = strtok_r(line, " \n", &next); word && field_count < MAX_FIELDS; word = strtok_r(NULL, " \n", &next)) {
    struct field *field = &fields[field_count++];
    char *equals = strchr(word, '=');
    if (equals) *equals = 0;
    field->key = word;
    field->value = equals ? equals + 1 : word + strlen(word);
    field->length = decode(field->value);
  }
}

static struct field *find(const char *key) {
  for (int i = 1; i < field_count; i++)
    if (!strcmp(fields[i].key, key)) return &fields[i];
  return NULL;
}

static char *text(const char *key, char *otherwise) {
  struct field *field = find(key);
  return field ? field->value : otherwise;
}

static int number(const char *key, int otherwise) {
  struct field *field = find(key);
  return field ? atoi(field->value) : otherwise;
}

/* Whole events only: the callbacks run on threads of the library. */
static void begin(const char *event) {
  pthread_mutex_lock(&output);
  fputs(event, stdout);
}

static void put(const char *key, const char *bytes, int length) {
  printf(" %s=", key);
  for (int i = 0; i < length; i++) {
    unsigned char c = (unsigned char)bytes[i];
    if ((c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')) putchar(c);
    else printf("%%%02X", c);
  }
}

static void put_number(const char *key, long value) {
  printf(" %s=%ld", key, value);
}

static void end(void) {
  putchar('\n');
  fflush(stdout);
  pthread_mutex_unlock(&output);
}

static void fail(const char *what, int code) {
  fprintf(stderr, "%s: %s (%d)\n", what, MQTTClient_strerror(code), code);
}

static MQTTLenString string_of(struct field *field) {
  MQTTLenString string = {field->length, field->value};
  return string;
}

static void add_string(MQTTProperties *properties, enum MQTTPropertyCodes identifier, const char *key) {
  struct field *field = find(key);
  MQTTProperty property = {.identifier = identifier};
  if (!field) return;
  property.value.data = string_of(field);
  MQTTProperties_add(properties, &property);
}

static void add_number(MQTTProperties *properties, enum MQTTPropertyCodes identifier, const char *key) {
  MQTTProperty property = {.identifier = identifier};
  if (!find(key)) return;
  if (identifier == MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR) property.value.byte = (unsigned char)number(key, 0);
  else if (identifier == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM) property.value.integer2 = (unsigned short)number(key, 0);
  else property.value.integer4 = (unsigned int)number(key, 0);
  MQTTProperties_add(properties, &property);
}

static void add_users(MQTTProperties *properties) {
  for (int i = 1; i < field_count; i++) {
    MQTTProperty property = {.identifier = MQTTPROPERTY_CODE_USER_PROPERTY};
    char *colon;
    if (strcmp(fields[i].key, "user")) continue;
    colon = strchr(fields[i].value, ':');
    property.value.data.data = fields[i].value;
    property.value.data.len = (int)(colon - fields[i].value);
    property.value.value.data = colon + 1;
    property.value.value.len = (int)strlen(colon + 1);
    MQTTProperties_add(properties, &property);
  }
}

static int on_message(void *context, char *topic, int topic_length, MQTTClient_message *message) {
  (void)context;
  begin("message");
  put("topic", topic, topic_length ? topic_length : (int)strlen(topic));
  put("payload", message->payload, message->payloadlen);
  put_number("qos", message->qos);
  put_number("retain", message->retained);
  put_number("dup", message->dup);
  char identifiers[200] = "";
  for (int i = 0; i < message->properties.count; i++) {
    MQTTProperty *property = &message->properties.array[i];
    switch (property->identifier) {
    case MQTTPROPERTY_CODE_RESPONSE_TOPIC:
      put("response", property->value.data.data, property->value.data.len);
      break;
    case MQTTPROPERTY_CODE_CORRELATION_DATA:
      put("correlation", property->value.data.data, property->value.data.len);
      break;
    case MQTTPROPERTY_CODE_CONTENT_TYPE:
      put("type", property->value.data.data, property->value.data.len);
      break;
    case MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL:
      put_number("expiry", property->value.integer4);
      break;
    case MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR:
      put_number("format", property->value.byte);
      break;
    case MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER: {
      size_t used = strlen(identifiers);
      snprintf(identifiers + used, sizeof identifiers - used, "%s%u", used ? "," : "", property->value.integer4);
      break;
    }
    case MQTTPROPERTY_CODE_USER_PROPERTY: {
      int name = property->value.data.len, value = property->value.value.len;
      char *pair = malloc((size_t)(name + value) + 1);
      memcpy(pair, property->value.data.data, (size_t)name);
      pair[name] = ':';
      memcpy(pair + name + 1, property->value.value.data, (size_t)value);
      put("user", pair, name + value + 1);
      free(pair);
      break;
    }
    default:
      put_number("unknown", property->identifier);
    }
  }
  if (*identifiers) put("identifiers", identifiers, (int)strlen(identifiers));
  end();
  MQTTClient_freeMessage(&message);
  MQTTClient_free(topic);
  return 1;
}

static void on_lost(void *context, char *cause) {
  (void)context;
  (void)cause;
  begin("lost");
  end();
}

static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes code) {
  (void)context;
  (void)properties;
  begin("closed");
  put_number("code", code);
  end();
}

/* Version 5: the reason code of PUBACK, PUBREC or PUBCOMP. */
static void on_published(void *context, int token, int type, MQTTProperties *properties, enum MQTTReasonCodes code) {
  (void)context;
  (void)token;
  (void)type;
  (void)properties;
  begin("puback");
  put_number("code", code);
  end();
}

static void on_delivered(void *context, MQTTClient_deliveryToken token) {
  (void)context;
  (void)token;
  begin("puback");
  put_number("code", 0);
  end();
}

static void do_connect(void) {
  char uri[200];
  int rc;
  version = number("version", 4);
  MQTTClient_createOptions create = MQTTClient_createOptions_initializer;
  MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
  MQTTClient_connectOptions options5 = MQTTClient_connectOptions_initializer5;
  if (version == 5) options = options5;
  MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
  MQTTClient_SSLOptions ssl = MQTTClient_SSLOptions_initializer;
  MQTTProperties properties = MQTTProperties_initializer, will_properties = MQTTProperties_initializer;
  char *transport = text("transport", "tcp");
  const char *scheme = !strcmp(transport, "tls") ? "ssl" : transport;
  create.MQTTVersion = version;
  snprintf(uri, sizeof uri, "%s://%s:%s%s", scheme, text("host", "127.0.0.1"), text("port", "1883"), text("path", ""));
  rc = MQTTClient_createWithOptions(&client, uri, text("clientId", ""), MQTTCLIENT_PERSISTENCE_NONE, NULL, &create);
  if (rc) fail("create", rc);
  MQTTClient_setCallbacks(client, NULL, on_lost, on_message, version == 5 ? NULL : on_delivered);
  if (version == 5) {
    MQTTClient_setDisconnected(client, NULL, on_disconnected);
    MQTTClient_setPublished(client, NULL, on_published);
    options.cleanstart = number("clean", 1);
    add_number(&properties, MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL, "expiry");
    add_number(&properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, "receiveMaximum");
  } else {
    options.cleansession = number("clean", 1);
  }
  options.MQTTVersion = version;
  options.keepAliveInterval = number("keepAlive", 60);
  options.connectTimeout = 5;
  options.reliable = 0;
  options.maxInflightMessages = 20;
  options.username = text("username", NULL);
  options.password = text("password", NULL);
  if (find("willTopic")) {
    struct field *payload = find("willPayload");
    will.topicName = text("willTopic", "");
    will.payload.data = payload ? payload->value : "";
    will.payload.len = payload ? payload->length : 0;
    will.qos = number("willQos", 0);
    will.retained = number("willRetain", 0);
    options.will = &will;
    add_number(&will_properties, MQTTPROPERTY_CODE_WILL_DELAY_INTERVAL, "willDelay");
    add_string(&will_properties, MQTTPROPERTY_CODE_CONTENT_TYPE, "will-type");
  }
  if (find("ca")) {
    ssl.trustStore = text("ca", NULL);
    ssl.verify = 1;
    options.ssl = &ssl;
  }
  if (version == 5) {
    MQTTResponse response = MQTTClient_connect5(client, &options, &properties, options.will ? &will_properties : NULL);
    begin("connack");
    /* The library returns Session Present of version 4 only. */
    put_number("code", response.reasonCode);
    if (response.properties) {
      MQTTProperty *assigned =
          MQTTProperties_getProperty(response.properties, MQTTPROPERTY_CODE_ASSIGNED_CLIENT_IDENTIFER);
      if (assigned) put("assigned", assigned->value.data.data, assigned->value.data.len);
    }
    end();
    MQTTResponse_free(response);
  } else {
    rc = MQTTClient_connect(client, &options);
    begin("connack");
    put_number("code", rc);
    put_number("present", options.returned.sessionPresent);
    end();
  }
}

static void do_subscribe(void) {
  if (version == 5) {
    MQTTSubscribe_options options = MQTTSubscribe_options_initializer;
    MQTTProperties properties = MQTTProperties_initializer;
    options.noLocal = (unsigned char)number("noLocal", 0);
    options.retainAsPublished = (unsigned char)number("retainAsPublished", 0);
    options.retainHandling = (unsigned char)number("retainHandling", 0);
    add_number(&properties, MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIER, "identifier");
    MQTTResponse response = MQTTClient_subscribe5(client, text("filter", ""), number("qos", 0), &options, &properties);
    begin("suback");
    put_number("codes", response.reasonCode);
    end();
    MQTTResponse_free(response);
    return;
  }
  /* Of one filter the library returns the granted QoS nowhere, only whether it was refused (0x80). */
  char *filter = text("filter", "");
  int qos = number("qos", 0);
  int rc = MQTTClient_subscribeMany(client, 1, &filter, &qos);
  begin("suback");
  put_number("codes", rc == MQTTCLIENT_SUCCESS ? qos : rc);
  end();
}

static void do_unsubscribe(void) {
  if (version == 5) {
    MQTTResponse response = MQTTClient_unsubscribe5(client, text("filter", ""), NULL);
    begin("unsuback");
    put_number("codes", response.reasonCode);
    end();
    MQTTResponse_free(response);
    return;
  }
  int rc = MQTTClient_unsubscribe(client, text("filter", ""));
  begin("unsuback");
  put_number("codes", rc);
  end();
}

static void do_publish(void) {
  MQTTClient_message message = MQTTClient_message_initializer;
  MQTTClient_deliveryToken token;
  MQTTProperties properties = MQTTProperties_initializer;
  struct field *payload = find("payload");
  int rc;
  message.payload = payload ? payload->value : "";
  message.payloadlen = payload ? payload->length : 0;
  message.qos = number("qos", 0);
  message.retained = number("retain", 0);
  if (version == 5) {
    add_number(&properties, MQTTPROPERTY_CODE_PAYLOAD_FORMAT_INDICATOR, "format");
    add_number(&properties, MQTTPROPERTY_CODE_MESSAGE_EXPIRY_INTERVAL, "expiry");
    add_string(&properties, MQTTPROPERTY_CODE_CONTENT_TYPE, "type");
    add_string(&properties, MQTTPROPERTY_CODE_RESPONSE_TOPIC, "response");
    add_string(&properties, MQTTPROPERTY_CODE_CORRELATION_DATA, "correlation");
    add_users(&properties);
    message.properties = properties;
    MQTTResponse response = MQTTClient_publishMessage5(client, text("topic", ""), &message, &token);
    rc = response.reasonCode;
    MQTTResponse_free(response);
  } else {
    rc = MQTTClient_publishMessage(client, text("topic", ""), &message, &token);
  }
  MQTTProperties_free(&properties);
  if (rc) fail("publish", rc);
}

int main(void) {
  static char line[LINE_BYTES];
  begin("ready library=paho-c");
  end();
  while (fgets(line, sizeof line, stdin)) {
    parse(line);
    if (!field_count) continue;
    if (!strcmp(fields[0].key, "connect")) do_connect();
    else if (!strcmp(fields[0].key, "subscribe")) do_subscribe();
    else if (!strcmp(fields[0].key, "unsubscribe")) do_unsubscribe();
    else if (!strcmp(fields[0].key, "publish")) do_publish();
    else if (!strcmp(fields[0].key, "disconnect")) MQTTClient_disconnect(client, 1000);
    else fail(fields[0].key, -1);
  }
  return 0;
}
