"""What is no conversation, to the ports of the web and of Postgres: neither door dies of it, keeps memory for it, or stops answering.

usage: noise.py RESULTS [SECONDS] [SEED]

Beginnings of conversations (start packets of both versions, requests for TLS and to cancel, messages of logins, HTTP, the preface and
frames of HTTP/2, hellos of TLS) are cut, changed bit by bit, given lengths that lie, blown up to a megabyte and sent to both ports, by
16 senders at once. A minute in the checks; `noise.py RESULTS 3600` is an hour by hand. The seed is printed.
"""

import json
import os
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import psycopg

RESULTS = str(Path(sys.argv[1]).resolve())
SECONDS = float(sys.argv[2]) if len(sys.argv) > 2 else 60
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else int(time.time())
SENDERS = 16
# Wrong logins slow down their own address, and not that of who is known.
STRANGER = ("127.0.0.9", 0)
# MB that the service may have more than before, once all have gone.
KEPT = 25


def packet(code, body=b""):
    return struct.pack(">II", len(body) + 8, code) + body


def message(kind, body=b""):
    return kind + struct.pack(">I", len(body) + 4) + body


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


HELLO = b"\x16\x03\x01\x00\x2f\x01\x00\x00\x2b\x03\x03" + bytes(32) + b"\x00\x00\x02\x13\x01\x01\x00"
NAMES = b"user\0results\0database\0merged\0application_name\0psql\0client_encoding\0UTF8\0\0"
START = packet(196_608, NAMES)
SCRAM = message(b"p", b"SCRAM-SHA-256\0" + struct.pack(">I", 32) + b"n,,n=,r=rOprNGfwEbeRWgbNEkqO0123")
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
BEGINNINGS = [
    START,
    START + SCRAM,
    START + SCRAM + message(b"p", b"c=biws,r=x,p=" + b"A" * 44),
    packet(196_610, b"user\0results\0_pq_.none\0on\0\0"),
    packet(131_072, b"results".ljust(288, b"\0")),
    packet(80_877_103),
    packet(80_877_104) + START,
    packet(80_877_102, struct.pack(">II", 1, 2)),
    START + message(b"Q", b"select 1\0") + message(b"P", b"\0select $1\0\0\0") + message(b"S"),
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    b"POST /api/v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n{",
    b"POST /api/v1/query HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    PREFACE + frame(4, 0, 0) + frame(1, 4, 1, b"\x83\x86\x84\x41\x8a" + bytes(10)) + frame(0, 1, 1, bytes(40)),
    PREFACE + frame(4, 0, 0, struct.pack(">HI", 4, 2**31 - 1)) + frame(8, 0, 0, struct.pack(">I", 2**31 - 1)),
    HELLO,
    b"",
]


def spoilt(random):
    """One of the beginnings, with something done to it."""
    data = bytearray(random.choice(BEGINNINGS))
    for _ in range(random.choice((0, 1, 1, 2, 4))):
        match random.randrange(7):
            case 0:
                del data[random.randrange(len(data) + 1):]
            case 1 if data:
                for _ in range(random.randint(1, 8)):
                    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            case 2 if len(data) >= 4:
                # A length that lies: at the front, or behind the kind of some message.
                lie = random.choice((0, 1, 3, 4, 7, 8, 9, 10_000, 10_001, 2**24, 2**31 - 1, 2**31, 2**32 - 1))
                at = random.choice((0, 1, random.randrange(len(data) - 3)))
                data[at:at + 4] = struct.pack(">I", lie)
            case 3:
                data += random.randbytes(random.choice((1, 100, 10_000, 1_000_000)))
            case 4:
                data += data[: 10_000]
            case 5:
                data += random.choice(BEGINNINGS)
            case 6 if data:
                at = random.randrange(len(data))
                data[at:at] = random.choice((b"\0", b"\xff\xff\xff\xff", b"\r\n", b"\0" * 5_000, "ü€\U0001f600".encode()))
    return bytes(data)


def send(random, ports, counts):
    """One conversation; how it ended is counted."""
    door = random.choice(list(ports))
    data = spoilt(random)
    how = "closed"
    try:
        with socket.create_connection(("127.0.0.1", ports[door]), 5, STRANGER) as there:
            there.settimeout(0.5)
            if random.random() < 0.2 and len(data) < 2_000:
                for at in range(0, len(data), 7):
                    there.sendall(data[at:at + 7])
            else:
                there.sendall(data)
            if random.random() < 0.5:
                there.shutdown(socket.SHUT_WR)
            while there.recv(65_536):
                pass
    except TimeoutError:
        how = "waits"
    except ConnectionError:
        how = "reset"
    except OSError:
        how = "gone"
    counts[door, how] = counts.get((door, how), 0) + 1


def memory(process, what="VmRSS"):
    return int(re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text(), re.M)[1]) / 1000


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


def answers(told, token):
    """Both doors answer somebody who is known."""
    request = urllib.request.Request(f"{told['web']}/api/v1/query?run=merged&sql=select%201%20as%20n")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=120) as answer:
        assert json.loads(answer.read()) == [{"n": 1}]
    host, port = told["postgres"].rsplit(":", 1)
    with psycopg.connect(host=host, port=port, user="results", password=token, dbname="merged", connect_timeout=120) as db:
        assert db.execute("select 1").fetchall() == [(1,)]


def main():
    print(f"seed {SEED}")
    with tempfile.TemporaryDirectory(prefix="noise-") as folder:
        folder = Path(folder)
        subprocess.run([RESULTS, "demo", "--users", "2", "--out", folder / "demo"], check=True, capture_output=True)
        said = (folder / "said").open("w")
        process = subprocess.Popen(
            [RESULTS, "serve", folder / "demo" / "merged", "--listen", "127.0.0.1:0", "--postgres", "127.0.0.1:0", "--state", folder / "state",
             "--json"],
            stdout=subprocess.PIPE, stderr=said, text=True,
        )
        try:
            listen(folder, process, json.loads(process.stdout.readline()))
        finally:
            process.terminate()
            code = process.wait(30)
        words = (folder / "said").read_text()
        assert code == 0 and "panic" not in words, (code, words[-2000:])


def listen(folder, process, told):
    token = (folder / "state" / "token").read_text().strip()
    answers(told, token)
    before, open_before = memory(process), descriptors(process)
    ports = {"web": int(told["web"].rsplit(":", 1)[1]), "postgres": int(told["postgres"].rsplit(":", 1)[1])}
    until, counts = time.monotonic() + SECONDS, [{} for _ in range(SENDERS)]

    def sender(number):
        own = random.Random(SEED * SENDERS + number)
        while time.monotonic() < until and process.poll() is None:
            send(own, ports, counts[number])

    threads = [threading.Thread(target=sender, args=(number,)) for number in range(SENDERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert process.poll() is None, f"the service ended with {process.poll()}"
    all_of = {}
    for one in counts:
        for kind, n in one.items():
            all_of[kind] = all_of.get(kind, 0) + n
    # Whoever waits is sent away after a while.
    since = time.monotonic()
    while descriptors(process) > open_before + 8 and time.monotonic() < since + 180:
        time.sleep(0.5)
    left = descriptors(process) - open_before
    answers(told, token)
    kept = memory(process) - before
    print(f"  {dict(sorted((' '.join(kind), n) for kind, n in all_of.items()))}")
    print(f"  the service: {before:.0f} MB before, {kept:+.0f} MB after, {memory(process, 'VmHWM'):.0f} MB at most; {left} descriptors more")
    assert left <= 8, "connections are left open"
    assert kept <= KEPT, "memory is kept"
    assert min(sum(n for (door, _), n in all_of.items() if door == name) for name in ports) > SECONDS, all_of


if __name__ == "__main__":
    main()
