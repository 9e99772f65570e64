#!/usr/bin/env python3
"""The browser tests: run.py [name…]. Against the mock server by default."""
import json
import os
import pathlib
import sys
import tempfile
import time
import traceback
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "WebMock")]
import server as mock_server  # noqa: E402
from browser import Browser  # noqa: E402

P = Browser.player


def fault(base, **values):
    with urllib.request.urlopen(urllib.request.Request(base + "/mock", json.dumps(values).encode(), method="POST")) as answer:
        return json.load(answer)


def plays_and_seeks(b):
    b.play()
    b.wait(f"return {P}.stats.height === 720", message="climbs to the top rung")
    b.run(f"{P}.seek(30)")
    b.wait(f"return {P}.media.currentTime > 30.3 && !{P}.media.seeking", message="plays after a seek")
    b.run(f"{P}.seek(4)")
    b.wait(f"const t = {P}.media.currentTime; return t > 4.2 && t < 12", message="plays after a seek back")
    b.run(f"{P}.seek(38.5)")
    b.wait(f"return {P}.media.ended", message="ends")
    assert b.stats()["frames"] > 20, b.stats()


def adapts_to_throttling(b):
    b.play()
    b.wait(f"return {P}.stats.height === 720")
    fault(b.base, rate=70_000)
    b.run(f"{P}.media.currentTime = 0; {P}.video = {{...{{}}, id: 'film', title: '', user: {{}}, hls_url: '/media/film/master.m3u8?sig=1', duration: 40}}")
    b.run(f"{P}.media.play()")
    b.wait(f"return {P}.stats.height === 240 && {P}.media.currentTime > 4", 40, "falls to the lowest rung")
    fault(b.base, rate=0)
    b.wait(f"return {P}.stats.height === 720", 40, "climbs again")


def switches_down_while_playing(b):
    fault(b.base, rate=700_000)
    b.play()
    b.wait(f"return {P}.stats.height === 720")
    fault(b.base, rate=60_000)
    b.run(f"{P}.seek(25)")
    b.wait(f"return {P}.stats.height < 720", 30, "gives up the slow fetch")
    b.wait(f"return {P}.media.currentTime > 26", 30, "goes on")


def captions_and_storyboard(b):
    b.play()
    b.run(f"{P}.setCaptions(0)")
    b.wait(f"const c = {P}.media.textTracks[0].activeCues; return c && c.length === 1 && c[0].text.startsWith('Caption')")
    b.run(f"""const bar = {P}.shadowRoot.querySelector('.bar'), box = bar.getBoundingClientRect();
      bar.dispatchEvent(new PointerEvent('pointermove', {{clientX: box.left + box.width / 2, bubbles: true}}))""")
    shown = b.run(f"""const p = {P}.shadowRoot.querySelector('.picture');
      return [p.parentNode.hidden, p.style.backgroundImage, p.style.backgroundPosition, p.parentNode.textContent]""")
    assert not shown[0] and "sprite.jpg" in shown[1] and shown[2] == "0px -90px" and "Middle0:20" in shown[3], shown


def growing_playlist(b):
    fault(b.base, reveal=2, rungs=1)
    b.play()
    b.wait(f"return {P}.stats.growing && {P}.stats.levels.length === 1")
    b.wait(f"return {P}.media.currentTime > 7", 20)
    fault(b.base, reveal=10_000, rungs=3)
    b.wait(f"return {P}.stats.levels.length === 3 && !{P}.stats.growing", 20, "the ladder grows")
    b.wait(f"return {P}.media.currentTime > 9 && {P}.media.duration > 39", 20, "plays on")


def expired_signature(b):
    fault(b.base, rate=400_000)
    b.play()
    fault(b.base, generation=2, rate=0)
    b.run(f"{P}.seek(32)")
    b.wait(f"return {P}.media.currentTime > 32.5 && {P}.stats.recoveries > 0", 20, "asks for a new address and goes on")


def network_loss(b):
    fault(b.base, rate=600_000)
    b.play()
    fault(b.base, down=True)
    b.run(f"{P}.seek(33)")
    b.wait(f"return !{P}.shadowRoot.querySelector('.notice').hidden", 20, "tells of the lost network")
    fault(b.base, down=False, rate=0)
    b.wait(f"return {P}.media.currentTime > 33.5", 20, "resumes by itself")
    assert b.run(f"return {P}.shadowRoot.querySelector('.failure').hidden")


def keyboard(b):
    b.play()
    b.run(f"{P}.focus()")
    b.keys("k")
    b.wait(f"return {P}.media.paused")
    b.keys("5")
    b.wait(f"return Math.abs({P}.media.currentTime - 20) < 0.6")
    b.keys("l")
    b.wait(f"return Math.abs({P}.media.currentTime - 30) < 0.6")
    b.keys("\ue012")
    b.wait(f"return Math.abs({P}.media.currentTime - 25) < 0.6")
    b.keys("c")
    b.wait(f"return {P}.media.textTracks[0].mode === 'showing'")
    b.keys("m")
    b.wait(f"return !{P}.media.muted")
    b.keys(">")
    b.wait(f"return {P}.media.playbackRate === 1.25")
    b.keys(" ")
    b.wait(f"return !{P}.media.paused")


def quality_menu(b):
    b.play()
    b.wait(f"return {P}.stats.height === 720")
    b.run(f"{P}.shadowRoot.querySelector('.settings').click()")
    b.run(f"{P}.shadowRoot.querySelector('.menu button').click()")
    labels = b.run(f"return [...{P}.shadowRoot.querySelectorAll('.menu [role=menuitemradio] .label')].map(e => e.textContent)")
    assert labels == ["Automatic (720p)", "720p", "360p", "240p"], labels
    b.run(f"{P}.shadowRoot.querySelectorAll('.menu [role=menuitemradio]')[3].click()")
    b.wait(f"return {P}.stats.height === 240 && {P}.media.videoHeight === 240", 20, "the chosen rung shows")


def sign_in(b):
    b.open("/login")
    b.type("#username", "linh")
    b.type("#password", "wrong password")
    b.click("form .button")
    b.wait("return document.querySelector('form p.problem').textContent.includes('not right')")
    b.run("document.querySelector('#password').value = ''")
    b.type("#password", "right password")
    b.click("form .button")
    b.wait("return location.pathname === '/' && !!document.querySelector('a[href=\"/upload\"]')")
    fault(b.base, expired_session=True)
    b.open("/studio")
    b.wait("return document.querySelectorAll('.entry[data-id]').length === 4", message="the session is renewed once")
    b.click(".entry .danger")
    b.click("dialog .danger")
    b.wait("return document.querySelectorAll('.entry[data-id]').length === 3", message="deletes")


def password_and_missing(b):
    b.open("/watch/secret")
    b.type("#password", "nope")
    b.click("form .button")
    b.wait("return document.querySelector('.problem').textContent.includes('not right')")
    b.run("document.querySelector('#password').value = ''")
    b.type("#password", "sesame")
    b.click("form .button")
    b.wait(f"return !!{P}")
    b.open("/watch/nothing")
    b.wait("return document.querySelector('.empty h1')?.textContent.includes('not here')")
    b.open("/no/such/page")
    b.wait("return document.querySelector('.empty h1')?.textContent === 'Page not found'")


def upload_resumes(b):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "my_film.mp4"
        path.write_bytes(os.urandom(3_000_000))
        b.open("/register")
        b.type("#username", "linh")
        b.type("#email", "linh@example.org")
        b.type("#password", "right password")
        b.click("form .button")
        b.wait("return location.pathname === '/'")
        fault(b.base, cut_upload_at=1_000_000)
        b.open("/upload")
        b.type("#files", str(path))
        b.wait("return document.querySelector('.upload')?.dataset.state === 'retrying'", message="notices the loss")
        b.open("/upload")  # a reload: only the browser's memory of the file is left
        fault(b.base, cut_upload_at=None)
        b.type("#files", str(path))
        b.wait("return document.querySelector('.upload a.button')", message="ends and becomes watchable")
        uploads = fault(b.base)["uploads"]
        assert uploads == {"up0": 3_000_000}, uploads


def languages_complete(_):
    web = mock_server.WEB
    words = {code: json.loads((web / f"i18n/{code}.json").read_text()) for code in ("en", "vi")}
    assert words["en"].keys() == words["vi"].keys(), words["en"].keys() ^ words["vi"].keys()
    import re
    for key in words["en"]:
        holes = [sorted(re.findall(r"\{\w+\}", words[code][key])) for code in ("en", "vi")]
        assert holes[0] == holes[1], key
    used = set()
    for file in web.rglob("*.js"):
        used |= set(re.findall(r"""\bt\((?:\w+ \? )?"([\w.]+)\"""", file.read_text()))
    plural = {key.rsplit(".", 1)[0] for key in words["en"]}
    missing = {key for key in used if key not in words["en"] and key not in plural}
    assert not missing, missing


CONTRAST = """
const parse = c => { const d = document.createElement('canvas').getContext('2d'); d.fillStyle = c; d.fillRect(0,0,1,1); return [...d.getImageData(0,0,1,1).data]; };
const lum = ([r,g,b]) => [r,g,b].map(v => (v/=255) <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4).reduce((s,v,i) => s + v*[.2126,.7152,.0722][i], 0);
const bad = [];
for (const e of document.querySelectorAll('body *')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
  if (e.closest('.skip, .hidden, noscript')) continue;
  let back = null; for (let p = e; p && !back; p = p.parentElement) { const c = parse(getComputedStyle(p).backgroundColor); if (c[3] > 200) back = c; }
  const a = lum(parse(getComputedStyle(e).color)), z = lum(back || [255,255,255]);
  const ratio = (Math.max(a,z)+.05)/(Math.min(a,z)+.05);
  if (ratio < 4.5) bad.push([e.tagName, e.className, e.textContent.slice(0,30), ratio.toFixed(2)]);
}
for (const e of document.querySelectorAll('button, a, input, select, textarea')) {
  const named = e.getAttribute('aria-label') || e.textContent.trim() || (e.labels && e.labels.length);
  if (!named) bad.push(['no name', e.outerHTML.slice(0, 80)]);
}
for (const e of document.querySelectorAll('img')) if (!e.hasAttribute('alt')) bad.push(['no alt', e.src]);
if (document.querySelectorAll('h1').length !== 1) bad.push(['h1', document.querySelectorAll('h1').length]);
if (document.documentElement.scrollWidth > innerWidth) bad.push(['overflows sideways', document.documentElement.scrollWidth]);
return bad;
"""


def accessible(b):
    fault(b.base, user={"id": "u1", "username": "linh"})
    for theme in ("dark", "light"):
        b.open("/")
        b.run(f"localStorage.setItem('sluice.theme', '{theme}')")
        for path, ready in (("/", ".card h2"), ("/login", "form"), ("/register", "form"), ("/upload", ".drop"),
                            ("/studio", ".entry h2"), ("/watch/film", ".about h1"), ("/nowhere", ".empty h1")):
            for width in (1280, 390):
                b.command("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
                b.open(path)
                b.wait(f"return !!document.querySelector('main {ready}')")
                bad = b.run(CONTRAST)
                assert not bad, (theme, path, width, bad)
    nameless = b.run(f"return [...{P}?.shadowRoot.querySelectorAll('button, input') ?? []].filter(e => !e.getAttribute('aria-label')).length") if b.run(f"return !!{P}") else 0
    assert nameless == 0


TESTS = [plays_and_seeks, adapts_to_throttling, switches_down_while_playing, captions_and_storyboard, growing_playlist,
         expired_signature, network_loss, keyboard, quality_menu, sign_in, password_and_missing, upload_resumes,
         languages_complete, accessible]


def main():
    chosen = [test for test in TESTS if not sys.argv[1:] or test.__name__ in sys.argv[1:]]
    failed = 0
    for test in chosen:
        began = time.monotonic()
        server, base = mock_server.start()
        try:
            if test is languages_complete:
                test(None)
            else:
                with Browser(base) as browser:
                    test(browser)
            print(f"ok   {test.__name__} ({time.monotonic() - began:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {test.__name__}\n{traceback.format_exc(limit=-3)}", flush=True)
        finally:
            server.shutdown()
    print(f"browser: {len(chosen) - failed} of {len(chosen)} passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
