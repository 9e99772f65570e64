#!/usr/bin/env python3
"""A stand-in for the server: the web app, a small API and a real CMAF ladder, with faults on demand.

Faults are set by POST /mock {"rate": bytes per second or 0, "down": bool, "generation": n, "reveal": segments}.
"""
import http.server
import json
import mimetypes
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time

WEB = pathlib.Path(__file__).resolve().parent.parent.parent / "web"
mimetypes.add_type("text/javascript", ".js")
mimetypes.add_type("text/vtt", ".vtt")
RUNGS = [(240, 426, 250_000), (360, 640, 700_000), (720, 1280, 2_400_000)]
SECONDS = 40
CSP = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self' blob:; "
       "connect-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'self'")


def make_ladder(folder):
    """Encodes the ladder: video-only rungs, one audio group, storyboard, captions."""
    folder.mkdir(parents=True, exist_ok=True)
    splits = "".join(f"[v{i}]" for i in range(len(RUNGS)))
    scales = ";".join(f"[v{i}]scale={w}:{h}[o{i}]" for i, (h, w, _) in enumerate(RUNGS))
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=s=1280x720:r=25:d={SECONDS}",
               "-f", "lavfi", "-i", f"sine=f=330:d={SECONDS}",
               "-filter_complex", f"[0:v]noise=alls=12:allf=t,split={len(RUNGS)}{splits};{scales}"]
    hls = ["-f", "hls", "-hls_time", "4", "-hls_playlist_type", "vod", "-hls_segment_type", "fmp4"]
    for i, (height, _, rate) in enumerate(RUNGS):
        (folder / f"v{height}").mkdir()
        command += ["-map", f"[o{i}]", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
                    "-b:v", str(rate), "-maxrate", str(rate), "-bufsize", str(rate), "-g", "100",
                    "-keyint_min", "100", "-sc_threshold", "0", *hls,
                    "-hls_segment_filename", f"{folder}/v{height}/%d.m4s", f"{folder}/v{height}/index.m3u8"]
    (folder / "audio").mkdir()
    command += ["-map", "1:a", "-c:a", "aac", "-b:a", "96k", *hls,
                "-hls_segment_filename", f"{folder}/audio/%d.m4s", f"{folder}/audio/index.m3u8"]
    command += ["-map", "0:v", "-frames:v", "1", "-vf", "scale=640:-2", f"{folder}/thumb.jpg"]
    command += ["-map", "0:v", "-frames:v", "1", "-vf", "fps=1/4,scale=160:90,tile=5x2", f"{folder}/sprite.jpg"]
    subprocess.run(command, check=True)
    clock = lambda s: f"00:00:{s:02d}.000"
    cues = [f"{clock(i * 4)} --> {clock(i * 4 + 4)}\nsprite.jpg#xywh={i % 5 * 160},{i // 5 * 90},160,90" for i in range(SECONDS // 4)]
    (folder / "storyboard.vtt").write_text("WEBVTT\n\n" + "\n\n".join(cues) + "\n")
    lines = [f"{clock(i)} --> {clock(i + 5)}\nCaption {i}" for i in range(0, SECONDS, 5)]
    (folder / "captions.vtt").write_text("WEBVTT\n\n" + "\n\n".join(lines) + "\n")


class State:
    def __init__(self, ladder):
        self.ladder = ladder
        self.rate = 0
        self.down = False
        self.generation = 1
        self.reveal = 10_000
        self.rungs = len(RUNGS)
        self.user = None
        self.uploads = {}
        self.deleted = set()
        self.empty = False
        self.cut_upload_at = None
        self.unlocked = False
        self.refreshes = 0
        self.expired_session = False
        self.lock = threading.Lock()

    def video(self, name="film"):
        base = f"/media/{name}"
        sign = f"sig={self.generation}"
        titles = ["Morning on the Red River", "How the kiln is fired", "Night train to Huế",
                  "A workshop in twelve minutes", "Rain on tin roofs", "Learning to sail", "The last ferry", "Salt fields"]
        number = int(re.sub(r"\D", "", name) or 0)
        made = name != "making"
        return {
            "id": name, "user": {"id": "u1", "username": "linh", "display_name": "Linh Trần"},
            "title": titles[number % len(titles)], "description": "Filmed in one day.\nSound by the river itself.",
            "duration": SECONDS, "status": "ready" if made else "processing", "progress": 1 if made else 0.42,
            "privacy": "password" if name == "secret" else "public", "view_count": 1280 * (number + 1), "like_count": 3,
            "comment_count": 0, "liked": False, "hls_url": f"{base}/master.m3u8?{sign}" if made else None,
            "thumbnail_url": f"{base}/thumb.jpg?{sign}" if made else None,
            "storyboard_url": f"{base}/storyboard.vtt?{sign}",
            "captions": [{"language": "en", "label": "English", "url": f"{base}/captions.vtt?{sign}"}],
            "chapters": [{"start": 0, "title": "Start"}, {"start": 16, "title": "Middle"}, {"start": 30, "title": "End"}],
            "files": [], "error": None, "created_at": "2026-03-01T10:00:00Z"}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: State

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", kind="application/json", headers=()):
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", CSP)
        self.send_header("Cache-Control", "no-store")
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        rate = self.state.rate if self.path.startswith("/media/") else 0
        if not rate:
            self.wfile.write(body)
            return
        step = max(512, rate // 20)
        for at in range(0, len(body), step):
            if self.state.down:
                self.close_connection = True
                return
            self.wfile.write(body[at:at + step])
            time.sleep(step / rate)

    def problem(self, status, detail="", errors=(), kind="about:blank"):
        body = {"type": kind, "title": str(status), "status": status, "detail": detail, "errors": list(errors)}
        self.reply(status, json.dumps(body).encode(), "application/problem+json")

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def handle_any(self):
        state = self.state
        path = self.path.split("?")[0]
        if path == "/mock":
            for name, value in json.loads(self.body()).items():
                setattr(state, name, value)
            return self.reply(200, {"refreshes": state.refreshes, "uploads": {k: len(v["data"]) for k, v in state.uploads.items()}})
        if state.down and (path.startswith("/media") or path.startswith("/api")):
            self.close_connection = True
            return None
        if path.startswith("/media/"):
            return self.media(path)
        if path.startswith("/api/uploads"):
            return self.tus(path)
        if path.startswith("/api/"):
            return self.api(path)
        file = (WEB / path.lstrip("/")).resolve()
        if not file.is_file() or WEB not in file.parents:
            file = WEB / "index.html"
        return self.reply(200, file.read_bytes(), mimetypes.guess_type(file.name)[0] or "text/plain")

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any

    def media(self, path):
        state = self.state
        if f"sig={state.generation}" not in self.path:
            return self.problem(403, "expired")
        query = f"?sig={state.generation}"
        name = path.split("/", 3)[3]
        if name == "master.m3u8":
            lines = ["#EXTM3U", "#EXT-X-VERSION:7", '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="Sound",DEFAULT=YES,URI="audio/index.m3u8' + query + '"']
            for height, width, rate in RUNGS[:state.rungs]:
                lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={rate + 120_000},AVERAGE-BANDWIDTH={rate + 96_000},CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION={width}x{height},AUDIO="a"', f"v{height}/index.m3u8{query}"]
            return self.reply(200, "\n".join(lines).encode(), "application/vnd.apple.mpegurl")
        file = (state.ladder / name).resolve()
        if state.ladder.resolve() not in file.parents or not file.is_file():
            return self.problem(404)
        data = file.read_bytes()
        if name.endswith(".m3u8"):
            lines, shown = [], 0
            for line in data.decode().splitlines():
                if line.startswith("#EXTINF"):
                    shown += 1
                if shown > state.reveal:
                    break
                line = line.replace('init.mp4"', f'init.mp4{query}"')
                lines.append(line + query if line.endswith(".m4s") else line)
            if shown > state.reveal:
                lines = [line.replace("VOD", "EVENT") for line in lines]
            data = "\n".join(lines).encode()
        return self.reply(200, data, mimetypes.guess_type(file.name)[0] or "video/mp4")

    def tus(self, path):
        state = self.state
        tus = ("Tus-Resumable", "1.0.0")
        if path == "/api/uploads":
            name = f"up{len(state.uploads)}"
            state.uploads[name] = {"size": int(self.headers["Upload-Length"]), "data": bytearray()}
            return self.reply(201, headers=[tus, ("Location", f"/api/uploads/{name}")])
        upload = state.uploads.get(path.rsplit("/", 1)[1])
        if upload is None:
            return self.problem(404)
        if self.command == "HEAD":
            return self.reply(200, headers=[tus, ("Upload-Offset", str(len(upload["data"])))])
        if self.command == "DELETE":
            return self.reply(204, headers=[tus])
        if int(self.headers["Upload-Offset"]) != len(upload["data"]):
            return self.problem(409)
        left = int(self.headers["Content-Length"])
        while left > 0:
            cut = state.cut_upload_at
            if cut is not None and len(upload["data"]) >= cut:
                self.connection.close()
                self.close_connection = True
                return None
            part = self.rfile.read(min(65536, left))
            if not part:
                break
            upload["data"] += part
            left -= len(part)
        return self.reply(204, headers=[tus, ("Upload-Offset", str(len(upload["data"])))])

    def api(self, path):
        state = self.state
        data = self.body()
        value = json.loads(data) if data and "json" in self.headers.get("Content-Type", "") else {}
        if path == "/api/auth/refresh":
            state.refreshes += 1
            if state.expired_session:
                state.expired_session = False
                return self.reply(200, {})
            return self.problem(401)
        if path in ("/api/auth/login", "/api/auth/register", "/api/setup"):
            if path.endswith("login") and value.get("password") != "right password":
                return self.problem(401)
            if len(value.get("username") or value.get("email") or "") < 3:
                return self.problem(422, errors=[{"field": "username", "message": "too short"}])
            state.user = {"id": "u1", "username": value.get("username", "linh"), "role": "viewer"}
            return self.reply(200, {"user": state.user})
        if path == "/api/auth/logout":
            state.user = None
            return self.reply(204)
        if path == "/api/me":
            return self.reply(200, state.user) if state.user and not state.expired_session else self.problem(401)
        if path in ("/api/feed", "/api/videos"):
            names = [] if state.empty else ["film"] + [f"film{i}" for i in range(1, 8)]
            if path == "/api/videos" and names:
                names = ["film", "film1", "making", "film3"]
            return self.reply(200, {"items": [state.video(n) for n in names if n not in state.deleted], "next_cursor": None})
        match = re.match(r"/api/videos/(\w+)(/.*)?$", path)
        if not match or match[1] == "nothing":
            return self.problem(404)
        name, rest = match[1], match[2] or ""
        if rest == "/unlock":
            if value.get("password") != "sesame":
                return self.problem(403)
            state.unlocked = True
            return self.reply(204)
        if name == "secret" and not state.unlocked:
            return self.problem(403, "a password is needed", kind="password-required")
        if self.command == "DELETE":
            state.deleted.add(name)
            return self.reply(204)
        return self.reply(200, state.video(name) | value)


def ladder_folder():
    """The ladder is made once per machine and kept in the temporary folder."""
    folder = pathlib.Path(tempfile.gettempdir()) / "sluice-web-ladder-1"
    if not (folder / "captions.vtt").exists():
        fresh = pathlib.Path(tempfile.mkdtemp(dir=tempfile.gettempdir()))
        make_ladder(fresh / "l")
        if not folder.exists():
            (fresh / "l").rename(folder)
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


def start():
    """Starts on a free port; returns (server, base URL)."""
    handler = type("Bound", (Handler,), {"state": State(ladder_folder())})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, f"http://127.0.0.1:{server.server_address[1]}"


if __name__ == "__main__":
    _, base = start()
    print(base, flush=True)
    threading.Event().wait()
