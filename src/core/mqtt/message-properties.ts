/** The properties that travel on with a message (MQTT 5.0 §3.3.2.3). */
import type { PublishProperties } from '../message.js';
import type { Properties } from './properties.js';

/** Copies what it keeps. @returns undefined when there are none */
export function messageProperties(theirs: Properties | undefined): PublishProperties | undefined {
  if (theirs === undefined) return undefined;
  const { payloadFormatIndicator, contentType, responseTopic, correlationData, userProperties } = theirs;
  const ours: { -readonly [K in keyof PublishProperties]: PublishProperties[K] } = {};
  if (payloadFormatIndicator !== undefined) ours.payloadFormatIndicator = payloadFormatIndicator;
  if (contentType !== undefined) ours.contentType = contentType;
  if (responseTopic !== undefined) ours.responseTopic = responseTopic;
  if (correlationData !== undefined) ours.correlationData = Buffer.from(correlationData);
  if (userProperties !== undefined) ours.userProperties = userProperties;
  return Object.keys(ours).length > 0 ? ours : undefined;
}
