"""Writes CloudEvents into a topic as a Python producer would: `produce.py BROKERS TOPIC`.

Prints a line for each keyed record: its key and the partition that this client chose, which is Java's.
"""

import sys

from cloudevents.core.bindings.kafka import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from kafka import KafkaProducer

DATA = {"screen": "home", "target": "next", "dwell_ms": 10}


def click(number):
    attributes = {
        "id": f"e{number}",
        "source": "python/sdk",
        "type": "behaviour.click.v1",
        "specversion": "1.0",
        "subject": f"c{number}",
        "datacontenttype": "application/json",
        "partitionkey": f"c{number}",
    }
    return CloudEvent(attributes=attributes, data=DATA)


class Bytes(str):
    """A name of a header that is no UTF-8, which the protocol lets through."""

    def encode(self, *_):
        return b"\xff\xfe"


def main(brokers, topic):
    producer = KafkaProducer(bootstrap_servers=brokers, acks="all")
    for number in range(100):
        write = to_binary if number % 2 else to_structured
        message = write(click(number), JSONFormat())
        key = message.key.encode()
        sent = producer.send(topic, key=key, value=message.value, headers=list(message.headers.items()))
        print(message.key, sent.get(timeout=10).partition)
    message = to_binary(click(100), JSONFormat())
    producer.send(topic, value=message.value, headers=[*message.headers.items(), (Bytes("x"), b"y")]).get(timeout=10)
    producer.close()


main(*sys.argv[1:])
