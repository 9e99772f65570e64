"""Starts the server and its peers, pinned to one CPU, and counts what they use."""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import urllib.request

SERVER_CPU, CLIENT_CPU = "0", "1"


def cpu_seconds(processes):
    """User and system time so far, of processes and their threads."""
    total = 0
    tick = os.sysconf("SC_CLK_TCK")
    for process in processes:
        fields = pathlib.Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / tick


def resident_kib(processes):
    total = 0
    for process in processes:
        for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                total += int(line.split()[1])
    return total


def free_port():
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, seconds=20, insecure=False):
    import ssl
    context = ssl._create_unverified_context() if insecure else None
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=2, context=context).read()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


class Sluice:
    """`sluice serve` on one CPU with one core."""

    def __init__(self, program, folder, *arguments):
        self.folder = pathlib.Path(folder)
        environment = dict(os.environ, SLUICE_HTTP_CONNECTIONS_PER_ADDRESS="100000",
                           SLUICE_HTTP_REQUESTS_PER_SECOND="1000000")
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CPU, program, "serve", "--listen", "127.0.0.1:0", "--cores", "1",
             "--data", str(self.folder / "data"), *arguments],
            stdout=subprocess.PIPE, stderr=open(self.folder / "errors", "w"), text=True, env=environment)
        self.processes = [self.process.pid]
        for line in self.process.stdout:
            if line.startswith("listening http"):
                scheme = line.split()[1]
                self.base = f"{scheme}://{line.split()[2]}"
                break

    def call(self, method, path, body=None, token=None, raw=None):
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        url = path if path.startswith("http") else self.base + path
        request = urllib.request.Request(url, data, headers, method=method)
        with urllib.request.urlopen(request) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Nginx:
    """nginx with one worker on one CPU."""

    def __init__(self, folder, root, tls=None):
        self.folder = pathlib.Path(folder)
        port = free_port()
        secure = (f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]}; ssl_protocols TLSv1.3;" if tls else "")
        (self.folder / "nginx.conf").write_text(f"""
            daemon off; worker_processes 1; pid {self.folder}/nginx.pid; error_log {self.folder}/nginx.err;
            worker_rlimit_nofile 20000;
            events {{ worker_connections 18000; }}
            http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; keepalive_timeout 300;
                open_file_cache max=1000; types {{ text/plain txt; }} {secure}
                server {{ listen 127.0.0.1:{port}{" ssl" if tls else ""}; root {root};
                    location = /fixed {{ return 200 "ok\\n"; }} }} }}""")
        self.process = subprocess.Popen(
            ["taskset", "-c", SERVER_CPU, "nginx", "-p", str(self.folder), "-c", str(self.folder / "nginx.conf")],
            stderr=subprocess.DEVNULL)
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
        wait_for(self.base + "/fixed", insecure=bool(tls))
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        self.processes = [int(child) for child in children]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def wrk(url, seconds=5, connections=64):
    """Requests and bytes that one pinned client got."""
    out = subprocess.run(
        ["taskset", "-c", CLIENT_CPU, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", url],
        capture_output=True, text=True).stdout
    requests = next(int(line.split()[0]) for line in out.splitlines() if " requests in " in line)
    bad = [line for line in out.splitlines() if "Non-2xx" in line or "Socket errors" in line]
    assert not bad, (url, bad)
    return requests


def cost(server, url, seconds=5, connections=64):
    """CPU seconds of the server for each request."""
    wrk(url, 1, connections)
    before = cpu_seconds(server.processes)
    requests = wrk(url, seconds, connections)
    return (cpu_seconds(server.processes) - before) / requests


def folder():
    return tempfile.TemporaryDirectory(prefix="sluice-bench-")
