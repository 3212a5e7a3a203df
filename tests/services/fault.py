#!/usr/bin/env python3
"""An HTTP proxy on the loopback that goes wrong on purpose, between a client and an S3 server.

    fault.py --to http://127.0.0.1:20333 --port 20400 [--rule 'PUT /bucket/run/users/ lost 0.2'] … [--seed 1] [--log FILE] [--seconds 600]

A rule is METHOD PREFIX FAULT CHANCE [TIMES] [SECONDS]; METHOD `*` is any, PREFIX that of the path; the first that fits and whose chance
falls decides, a rule with TIMES ends after so many. Rules are also set while it runs: `POST /_rules` with one a line (replaces
all), `GET /_counts` tells requests by method and by fault as JSON, `POST /_reset` sets the counts to zero, `POST /_end` ends it.

    error      500, nothing done           lost      done, then the connection is closed without an answer
    slowdown   503, nothing done           late      closed at once; done SECONDS (2) later
    conflict   409, nothing done           twice     done twice, the second answer is given (as a retry below the client would)
    timeout    held for SECONDS, closed    done500   done, then 500
    slow       done SECONDS later          cut       done; half of the answer's body, then closed
    refuse     closed, nothing done        trickle   done; the body at SECONDS a kilobyte

Signatures hold: the Host header goes through as it came. Standard library only.
"""
import argparse
import collections
import http.client
import http.server
import json
import random
import threading
import time
import urllib.parse

FAULTS = ("error", "slowdown", "conflict", "timeout", "slow", "refuse", "lost", "late", "twice", "done500", "cut", "trickle")
STATUS = {"error": (500, "InternalError"), "slowdown": (503, "SlowDown"), "conflict": (409, "ConditionalRequestConflict")}
HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "te", "upgrade", "proxy-connection"}


class Rules:
    def __init__(self, lines, seed):
        self.lock, self.random = threading.Lock(), random.Random(seed)
        self.counts, self.log = collections.Counter(), None
        self.set(lines)

    def set(self, lines):
        rules = []
        for line in filter(None, (line.strip() for line in lines)):
            method, prefix, fault, chance, *rest = line.split()
            if fault not in FAULTS:
                raise ValueError(f"`{fault}` is no fault; these are: {', '.join(FAULTS)}")
            rules.append([method, prefix, fault, float(chance), int(rest[0]) if rest else -1, float(rest[1]) if rest[1:] else 2.0])
        with self.lock:
            self.rules = rules

    def pick(self, method, path):
        with self.lock:
            for rule in self.rules:
                if rule[0] in ("*", method) and path.startswith(rule[1]) and rule[4] != 0 and self.random.random() < rule[3]:
                    rule[4] -= 1
                    return rule[2], rule[5]
        return None, 0.0

    def count(self, method, path, fault, status, read, sent):
        kind = "LIST" if method == "GET" and "list-type=" in path else method
        with self.lock:
            self.counts[kind] += 1
            self.counts["fault:" + fault if fault else "plain"] += 1
            if self.log:
                print(json.dumps({"at": time.time(), "method": kind, "path": path, "fault": fault, "status": status, "read": read, "sent": sent}), file=self.log, flush=True)


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rules = upstream = None

    def log_message(self, *_):
        pass

    def forward(self, body):
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP:
                    connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def reply(self, status, headers, body, cut=False, pause=0.0):
        self.send_response_only(status)
        length = None
        for name, value in headers:
            if name.lower() == "content-length":
                length = value
            elif name.lower() not in HOP:
                self.send_header(name, value)
        # A HEAD tells the length of what it does not send.
        self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(body)))
        self.end_headers()
        if self.command == "HEAD":
            return
        if cut:
            self.wfile.write(body[: len(body) // 2])
            self.close_connection = True
            return
        for at in range(0, len(body), 1024 if pause else max(len(body), 1)):
            self.wfile.write(body[at:at + 1024] if pause else body)
            time.sleep(pause)

    def body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            parts = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                parts.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(parts)
        return self.rfile.read(int(self.headers.get("Content-Length", 0)))

    def control(self, body):
        status, text = 200, ""
        if self.path == "/_rules":
            try:
                self.rules.set(body.decode().splitlines())
            except (ValueError, IndexError) as error:
                status, text = 400, f"{error}\n"
        elif self.path == "/_counts":
            text = json.dumps(self.rules.counts) + "\n"
        elif self.path == "/_reset":
            self.rules.counts.clear()
        elif self.path == "/_end":
            threading.Thread(target=self.server.shutdown).start()
        else:
            status = 404
        self.reply(status, [], text.encode())

    def handle_any(self):
        body = self.body()
        if self.path.startswith("/_"):
            return self.control(body)
        fault, seconds = self.rules.pick(self.command, self.path)
        status, read = None, 0
        try:
            if fault in STATUS:
                status, code = STATUS[fault]
                return self.reply(status, [("Content-Type", "application/xml")], f"<Error><Code>{code}</Code><Message>made by fault.py</Message></Error>".encode())
            if fault in ("timeout", "refuse", "late"):
                if fault == "timeout":
                    time.sleep(seconds)
                if fault == "late":
                    threading.Thread(target=lambda: (time.sleep(seconds), self.forward(body)), daemon=True).start()
                self.close_connection = True
                return
            if fault == "slow":
                time.sleep(seconds)
            if fault == "twice":
                self.forward(body)
            status, headers, answer = self.forward(body)
            read = len(answer) if self.command == "GET" else 0
            if fault == "lost":
                self.close_connection = True
                return
            if fault == "done500":
                status = 500
                return self.reply(500, [], b"<Error><Code>InternalError</Code></Error>")
            self.reply(status, headers, answer, fault == "cut", seconds / 1000 if fault == "trickle" else 0.0)
        except (OSError, http.client.HTTPException):
            self.close_connection = True
        finally:
            self.rules.count(self.command, self.path, fault, status, read, len(body))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = handle_any


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 256


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", required=True)
    parser.add_argument("--port", type=int, default=20400)
    parser.add_argument("--rule", action="append", default=[])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log")
    parser.add_argument("--seconds", type=float, default=600)
    args = parser.parse_args()
    Proxy.upstream, Proxy.rules = urllib.parse.urlsplit(args.to), Rules(args.rule, args.seed)
    if args.log:
        Proxy.rules.log = open(args.log, "a")
    server = Server(("127.0.0.1", args.port), Proxy)
    timer = threading.Timer(args.seconds, server.shutdown)
    timer.daemon = True
    timer.start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
