"""A foreign MQTT client on Eclipse Paho for Python, driven from stdin.

One line is a verb and fields, `verb key=value key=value …`, values percent-encoded; events on stdout look the same.
Verbs: connect, subscribe, unsubscribe, publish, disconnect. Events: connack, suback, unsuback, puback (a publish is
through, whatever its QoS), message, closed. test/support/remote-client.ts says which fields they have.
"""
import ssl
import sys
import threading
from urllib.parse import quote_from_bytes, unquote_to_bytes

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

VERSIONS = {"3": mqtt.MQTTv31, "4": mqtt.MQTTv311, "5": mqtt.MQTTv5}
lock = threading.Lock()


def say(event, *fields):
    parts = [event]
    for key, value in fields:
        if value is None:
            continue
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(key + "=" + quote_from_bytes(data, safe=""))
    with lock:
        print(" ".join(parts), flush=True)


class Fields:
    def __init__(self, words):
        self.pairs = [word.split("=", 1) for word in words]

    def bytes(self, key, default=None):
        for name, value in self.pairs:
            if name == key:
                return unquote_to_bytes(value)
        return default

    def text(self, key, default=None):
        value = self.bytes(key)
        return default if value is None else value.decode()

    def number(self, key, default=0):
        value = self.text(key)
        return default if value is None else int(value)

    def user(self):
        found = [unquote_to_bytes(value).decode() for name, value in self.pairs if name == "user"]
        return [tuple(pair.split(":", 1)) for pair in found]


def publish_properties(fields, packet=PacketTypes.PUBLISH, prefix=""):
    properties = Properties(packet)
    if fields.text(prefix + "response") is not None:
        properties.ResponseTopic = fields.text(prefix + "response")
    if fields.bytes(prefix + "correlation") is not None:
        properties.CorrelationData = fields.bytes(prefix + "correlation")
    if fields.text(prefix + "type") is not None:
        properties.ContentType = fields.text(prefix + "type")
    if fields.text(prefix + "expiry") is not None:
        properties.MessageExpiryInterval = fields.number(prefix + "expiry")
    if fields.text(prefix + "format") is not None:
        properties.PayloadFormatIndicator = fields.number(prefix + "format")
    if fields.user():
        properties.UserProperty = fields.user()
    return properties


def code_of(reason):
    return getattr(reason, "value", reason)


class Peer:
    def __init__(self):
        self.client = None
        self.version = mqtt.MQTTv311
        # on_publish is called for QoS 0, too, which nobody acknowledges, and may come before publish() has returned.
        self.published = {}
        self.acknowledged = set()
        self.counting = threading.Lock()

    @property
    def is_v5(self):
        return self.version == mqtt.MQTTv5

    def connect(self, fields):
        self.version = VERSIONS[fields.text("version", "4")]
        clean = fields.number("clean", 1) == 1
        options = {} if self.is_v5 else {"clean_session": clean}
        transport = fields.text("transport", "tcp")
        self.client = client = mqtt.Client(
            fields.text("clientId", ""),
            protocol=self.version,
            transport="websockets" if transport in ("ws", "wss") else "tcp",
            reconnect_on_failure=False,
            **options,
        )
        if transport in ("ws", "wss"):
            client.ws_set_options(path=fields.text("path", "/mqtt"))
        if transport in ("tls", "wss"):
            client.tls_set(ca_certs=fields.text("ca"), tls_version=ssl.PROTOCOL_TLS_CLIENT)
        if fields.text("username") is not None:
            client.username_pw_set(fields.text("username"), fields.text("password"))
        will = fields.text("willTopic")
        if will is not None:
            extra = {}
            if self.is_v5:
                properties = publish_properties(fields, PacketTypes.WILLMESSAGE, "will-")
                if fields.text("willDelay") is not None:
                    properties.WillDelayInterval = fields.number("willDelay")
                extra["properties"] = properties
            client.will_set(
                will, fields.bytes("willPayload", b""), fields.number("willQos"), fields.number("willRetain") == 1, **extra
            )
        client.on_connect = self.on_connack
        client.on_message = self.on_message
        client.on_publish = self.on_published
        client.on_subscribe = self.on_suback
        client.on_unsubscribe = self.on_unsuback
        client.on_disconnect = self.on_closed
        extra = {}
        if self.is_v5:
            properties = Properties(PacketTypes.CONNECT)
            if fields.text("expiry") is not None:
                properties.SessionExpiryInterval = fields.number("expiry")
            if fields.text("receiveMaximum") is not None:
                properties.ReceiveMaximum = fields.number("receiveMaximum")
            extra = {"clean_start": clean, "properties": properties}
        client.connect(fields.text("host", "127.0.0.1"), fields.number("port"), fields.number("keepAlive", 60), **extra)
        client.loop_start()

    def subscribe(self, fields):
        topic, qos = fields.text("filter"), fields.number("qos")
        if not self.is_v5:
            self.client.subscribe(topic, qos)
            return
        properties = Properties(PacketTypes.SUBSCRIBE)
        if fields.text("identifier") is not None:
            properties.SubscriptionIdentifier = fields.number("identifier")
        options = SubscribeOptions(
            qos=qos,
            noLocal=fields.number("noLocal") == 1,
            retainAsPublished=fields.number("retainAsPublished") == 1,
            retainHandling=fields.number("retainHandling"),
        )
        self.client.subscribe(topic, options=options, properties=properties)

    def unsubscribe(self, fields):
        self.client.unsubscribe(fields.text("filter"))

    def publish(self, fields):
        extra = {"properties": publish_properties(fields)} if self.is_v5 else {}
        qos = fields.number("qos")
        # Without the lock: paho holds one of its own while it calls on_publish.
        info = self.client.publish(
            fields.text("topic"), fields.bytes("payload", b""), qos, fields.number("retain") == 1, **extra
        )
        with self.counting:
            self.published[info.mid] = qos
        self.tell_acknowledged(info.mid)

    def disconnect(self, _fields):
        self.client.disconnect()

    def on_connack(self, _client, _data, flags, reason, properties=None):
        assigned = getattr(properties, "AssignedClientIdentifier", None)
        say("connack", ("code", code_of(reason)), ("present", flags["session present"]), ("assigned", assigned))

    def on_published(self, _client, _data, mid):
        with self.counting:
            self.acknowledged.add(mid)
        self.tell_acknowledged(mid)

    def tell_acknowledged(self, mid):
        with self.counting:
            if mid not in self.acknowledged or mid not in self.published:
                return
            self.acknowledged.discard(mid)
            qos = self.published.pop(mid)
        if qos > 0:
            say("puback")

    def on_suback(self, _client, _data, _mid, codes, _properties=None):
        say("suback", ("codes", ",".join(str(code_of(code)) for code in codes)))

    def on_unsuback(self, _client, _data, _mid, _properties=None, codes=()):
        codes = codes if isinstance(codes, (list, tuple)) else [codes]
        say("unsuback", ("codes", ",".join(str(code_of(code)) for code in codes)))

    def on_message(self, _client, _data, message):
        properties = getattr(message, "properties", None)
        identifiers = getattr(properties, "SubscriptionIdentifier", None)
        say(
            "message",
            ("topic", message.topic),
            ("payload", message.payload),
            ("qos", message.qos),
            ("retain", int(message.retain)),
            ("dup", int(message.dup)),
            ("response", getattr(properties, "ResponseTopic", None)),
            ("correlation", getattr(properties, "CorrelationData", None)),
            ("type", getattr(properties, "ContentType", None)),
            ("expiry", getattr(properties, "MessageExpiryInterval", None)),
            ("format", getattr(properties, "PayloadFormatIndicator", None)),
            ("identifiers", None if identifiers is None else ",".join(str(one) for one in identifiers)),
            *[("user", name + ":" + value) for name, value in getattr(properties, "UserProperty", [])],
        )

    def on_closed(self, _client, _data, reason, _properties=None):
        say("closed", ("code", code_of(reason)))


peer = Peer()
say("ready", ("library", "paho-mqtt"))
for line in sys.stdin:
    verb, *words = line.split()
    getattr(peer, verb)(Fields(words))
