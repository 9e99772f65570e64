#!/usr/bin/env python3
"""The whole journey on the real server: register, upload in the browser, watch while it is made,
seek, adapt to a slow link, captions, storyboard. SLUICE names the program."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from browser import Browser  # noqa: E402

P = Browser.player
SECONDS = int(os.environ.get("JOURNEY_SECONDS", "60"))
SIZE = os.environ.get("JOURNEY_SIZE", "1280x720")


class Server:
    """A real server with a data directory of its own."""

    def __init__(self, folder):
        self.errors = open(folder / "errors", "w+")
        # The rate limit is for strangers; a test that polls is not one.
        self.process = subprocess.Popen(
            [os.environ["SLUICE"], "serve", "--listen", "127.0.0.1:0", "--data", str(folder / "data")],
            stdout=subprocess.PIPE, stderr=self.errors, text=True)
        self.setup = None
        for line in self.process.stdout:
            if "/setup?token=" in line:
                self.setup = line.split()[-1]
            if line.startswith("listening http "):
                self.base = "http://" + line.split()[-1]
                return
        raise AssertionError("the server did not start:\n" + self.log())

    def log(self):
        self.errors.flush()
        self.errors.seek(0)
        return self.errors.read()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(timeout=30)
        assert status == 0, f"exit {status}\n{self.log()}"

    def get(self, path):
        with urllib.request.urlopen(self.base + path) as answer:
            return json.load(answer)

    def status(self, path):
        try:
            with urllib.request.urlopen(self.base + path) as answer:
                return answer.status, answer.headers.get("Content-Type")
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type")


def film(folder):
    """A clip with motion, a clock and sound."""
    path = folder / "A film.mp4"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", f"testsrc2=s={SIZE}:r=30:d={SECONDS}",
         "-f", "lavfi", "-i", f"sine=f=330:d={SECONDS}", "-c:v", "libx264", "-preset", "ultrafast",
         "-b:v", "5M", "-pix_fmt", "yuv420p", "-c:a", "aac", str(path)], check=True)
    return path


def journey(server, browser, path):
    browser.open("/register")
    browser.type("#username", "linh")
    browser.type("#email", "linh@example.org")
    browser.type("#password", "a long enough secret")
    browser.click("form button[type=submit]")
    browser.wait("return location.pathname === '/'", message="signed in")

    browser.open("/upload")
    browser.find(".drop")
    browser.type("#files", str(path))
    href = browser.wait("return document.querySelector('.upload a')?.getAttribute('href')", 60, "can be watched")
    video = href.rsplit("/", 1)[-1]
    was = server.get(f"/api/videos/{video}")
    assert was["hls_url"], was

    browser.open(href)
    browser.wait(f"return {P} && {P}.media")
    browser.run(f"{P}.media.muted = true; {P}.media.play()")
    browser.wait(f"return {P}.media.currentTime > 0.5", 30, "plays")
    now = server.get(f"/api/videos/{video}")
    early = now["status"] != "ready"
    # Everything is made in the end.
    for _ in range(1200):
        now = server.get(f"/api/videos/{video}")
        if now["status"] in ("ready", "failed"):
            break
        time.sleep(0.5)
    assert now["status"] == "ready", (now, server.log())
    assert abs(now["duration"] - SECONDS) <= 1, now

    captions(browser, video)
    browser.open(href)
    browser.wait(f"return {P} && {P}.media")
    browser.run(f"{P}.media.muted = true; {P}.media.play()")
    top = min(int(SIZE.split("x")[1]), int(SIZE.split("x")[0]))
    browser.wait(f"return {P}.stats.height === {top}", 40, "climbs to the top rung")
    browser.command("Network.enable")
    browser.command("Network.emulateNetworkConditions", offline=False, latency=20, downloadThroughput=70_000, uploadThroughput=70_000)
    browser.run(f"{P}.seek({SECONDS * 0.85})")
    browser.wait(f"return {P}.stats.height < {top}", 60, "falls when the link is slow")
    browser.command("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
    browser.run(f"{P}.seek(2)")
    browser.wait(f"return {P}.media.currentTime > 2.3 && !{P}.media.seeking", 30, "plays after a seek back")
    browser.run(f"{P}.setCaptions(0)")
    browser.wait(f"return [...{P}.media.textTracks].some(t => t.cues?.length)", message="has captions")
    storyboard(server, video)
    refusals(server, video)
    return early


def captions(browser, video):
    text = "WEBVTT\n\n00:00:01.000 --> 00:00:09.000\nXin chào thế giới\n"
    put = browser.run_async(
        "const done = arguments[2]; fetch(`/api/videos/${arguments[0]}/captions/vi`, {method: 'PUT', "
        "headers: {'Content-Type': 'text/vtt'}, body: arguments[1]}).then(r => done(r.status), e => done(String(e)))",
        video, text)
    assert put in (200, 201, 204), put


def storyboard(server, video):
    url = server.get(f"/api/videos/{video}")["storyboard_url"]
    with urllib.request.urlopen(server.base + url) as answer:
        text = answer.read().decode()
    assert text.startswith("WEBVTT") and "#xywh=" in text, text[:200]
    sheet = next(line for line in text.splitlines() if "#xywh=" in line).split("#")[0]
    status, kind = server.status(urllib.parse.urljoin(url, sheet))
    assert (status, kind) == (200, "image/jpeg"), (sheet, status, kind)


def refusals(server, video):
    """Altered and unsigned addresses are 403, unknown ones 404, each a problem."""
    url = server.get(f"/api/videos/{video}")["hls_url"]
    cases = [(url.split("?")[0], 403), (url.replace("sig=", "sig=A"), 403),
             (url.replace("exp=", "exp=9"), 403), ("/api/videos/nothing", 404), ("/api/nothing", 404)]
    for path, expected in cases:
        assert server.status(path) == (expected, "application/problem+json"), (path, server.status(path))


def main():
    with tempfile.TemporaryDirectory(prefix="sluice-journey-") as name:
        folder = pathlib.Path(name)
        path = film(folder)
        server = Server(folder)
        try:
            assert server.setup, "no set-up link was printed"
            with Browser(server.base) as browser:
                early = journey(server, browser, path)
            print(f"ok   journey (played {'before' if early else 'after'} the ladder was complete)", flush=True)
            server.stop()
        except Exception:
            print(f"FAIL journey\n{traceback.format_exc(limit=-4)}\n{server.log()}", flush=True)
            return 1
        finally:
            if server.process.poll() is None:
                server.process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
