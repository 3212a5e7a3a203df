"""What the tortures of runs in an object store share: the program, the faults of the proxy, and how a process is killed."""
import os
import signal
import subprocess
import time
import urllib.request

#: How many of the requests go wrong in each way.
SHARE = 0.03


class Program:
    """The program, and what it was asked and said."""

    def __init__(self, path, folder=None):
        self.path, self.folder, self.log = path, folder, []

    def results(self, *args, env=None, timeout=600):
        done = subprocess.run([self.path, *map(str, args)], capture_output=True, text=True, timeout=timeout, env=env, cwd=self.folder)
        self.log.append(f"$ results {' '.join(map(str, args))}\n{done.stdout}{done.stderr}exit {done.returncode}\n")
        return done

    def must(self, *args, **more):
        done = self.results(*args, **more)
        assert done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        return done.stdout


def faults(conflicts="*"):
    """Lines for the proxy: each fault of fault.py that a request may meet, with its seconds; conflicts for one method."""
    kinds = [("error", 0), ("slowdown", 0), ("conflict", 0), ("lost", 0), ("done500", 0), ("twice", 0), ("late", 1), ("refuse", 0), ("slow", 0.3), ("cut", 0), ("timeout", 2), ("trickle", 0.1)]
    return [f"{conflicts if fault == 'conflict' else '*'} / {fault} {SHARE} -1 {seconds}" for fault, seconds in kinds]


def rules(proxy, lines):
    """Sets the rules of a proxy, which may just be starting."""
    for _ in range(100):
        try:
            return urllib.request.urlopen(urllib.request.Request(proxy + "/_rules", "\n".join(lines).encode(), method="POST")).read()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the proxy does not come back")


def end(process, how=signal.SIGKILL):
    try:
        os.kill(process, how)
    except ProcessLookupError:
        pass
