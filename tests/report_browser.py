"""report_browser.py BROWSER PAGE SVG: opens the page of report_test.sh in a headless Chromium and
uses it by keys. Speaks TAP. SVG is what `postern view` draws of the claim x/holds.
"""
import json
import os
import sys
import tempfile
import time
import xml.etree.ElementTree

from support_browser import Browser

browser, page, svg = sys.argv[1:4]
shots = os.environ.get("SHOTS")  # a folder for pictures of the page, for people to look at


def claim(sentence, holds, why=""):
    print(("ok - " if holds else "not ok - ") + sentence + ("" if holds else f": {why}"), flush=True)


# Text whose contrast with what lies behind it is below 4.5 (WCAG 2.1, 1.4.3).
CONTRAST = """(() => {
  const light = (c) => { const x = c / 255; return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; };
  const read = (text) => { const n = text.match(/[0-9.]+/g).map(Number); return n.length > 3 && n[3] === 0 ? null : n; };
  const luminance = (n) => 0.2126 * light(n[0]) + 0.7152 * light(n[1]) + 0.0722 * light(n[2]);
  const bad = [];
  document.querySelectorAll('details').forEach((d) => { d.open = true; });
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    let behind = e;
    while (behind && !read(getComputedStyle(behind).backgroundColor)) behind = behind.parentElement;
    const a = luminance(read(getComputedStyle(e).color));
    const b = luminance(behind ? read(getComputedStyle(behind).backgroundColor) : [255, 255, 255]);
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.push(e.tagName + ' ' + e.textContent.slice(0, 30) + ' ' + ratio.toFixed(2));
  }
  return bad.slice(0, 5).join('; ');
})()"""

# Each shape as a list: name, its numbers, its text.
SHAPES = """JSON.stringify([...document.querySelectorAll('#c2 figure svg > *')].map((e) => [e.localName,
  Object.fromEntries([...e.attributes].filter((a) => a.name !== 'class').map((a) => [a.name, a.value])),
  e.textContent]))"""


def plain(name, attributes, text):
    """Numbers as numbers; colours apart, which the page says by classes."""
    kept = {}
    for key, value in attributes.items():
        if key in ("fill", "stroke") and not value.startswith(("url", "none")):
            continue
        try:
            value = round(float(value), 3)
        except ValueError:
            value = value.replace("+", "")
        kept[key] = value
    kept.pop("fill-rule", None)
    return [name, sorted(kept.items()), text]


def same_shapes(drawn, path):
    theirs = [plain(e.tag.split("}")[1], e.attrib, "".join(e.itertext()))
              for e in xml.etree.ElementTree.parse(path).getroot()]
    theirs = [e for e in theirs if e[0] != "defs"]
    ours = [plain(*e) for e in json.loads(drawn)]
    if len(ours) < 50 or len(ours) != len(theirs):
        return f"{len(ours)} shapes, not {len(theirs)}"
    for a, b in zip(ours, theirs):
        if a != b and not (b[2].startswith("Left Right") and a[2] == "x/holds@1"):  # the status line
            return f"{a} is not {b}"
    return ""


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    it = Browser(browser, folder)
    it.open(page)
    claim("a browser shows it", it.value("document.title") == "postern: 2 of 3 claims hold",
          it.value("document.title"))
    claim("it asks for nothing but itself", it.count("Network.requestWillBeSent") == 1,
          it.count("Network.requestWillBeSent"))
    claim("without an error", it.count("Runtime.exceptionThrown") + it.count("Log.entryAdded") == 0,
          [e for e in it.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")])

    it.key("Tab")
    claim("the first key reaches the skip link",
          it.value("document.activeElement.className === 'skip' && "
                   "document.activeElement.getBoundingClientRect().left >= 0"))
    it.key("Tab")
    it.key("Enter", "\r")
    for _ in range(10):
        it.key("Tab")
        if it.value("document.activeElement.id") == "filter":
            break
    claim("from it keys reach the filter", it.value("document.activeElement.id") == "filter",
          it.value("document.activeElement.outerHTML.slice(0, 80)"))
    for letter in "holds":
        it.key(letter, letter)
    claim("the filter leaves the claims that it names",
          it.value("[...document.querySelectorAll('.claim')].filter(c => !c.hidden)"
                   ".map(c => c.id).join()") == "c2")
    claim("and says how many", it.value("document.getElementById('shown').textContent") == "1 of 3 claims")
    it.value("document.querySelector('#c2 summary').focus()")
    claim("a closed claim is not drawn", it.value("document.querySelectorAll('#c2 svg').length") == 0)
    before = it.value("scrollY")
    it.key("ArrowDown")
    claim("focus is visible", it.value("getComputedStyle(document.activeElement).outlineStyle") != "none")
    it.key("Enter", "\r")
    claim("a key opens it", it.value("document.getElementById('c2').open"))
    claim("and draws it, with a name and tooltips",
          it.value("document.querySelectorAll('#c2 svg[role=img][aria-label*=\"x/holds@1\"] title').length > 20"))
    wrong = same_shapes(it.value(SHAPES), svg)
    claim("as `postern view` does", wrong == "", wrong)
    it.value("document.getElementById('filter').value = 'over-exposure'; "
             "document.getElementById('filter').dispatchEvent(new Event('input'))")
    claim("a rule that broke finds its claims",
          it.value("[...document.querySelectorAll('.claim')].filter(c => !c.hidden)"
                   ".map(c => c.id).join()") == "c0")
    it.value("document.getElementById('filter').value = ''; "
             "document.getElementById('filter').dispatchEvent(new Event('input')); "
             "document.getElementById('sort').value = 'f'; "
             "document.getElementById('sort').dispatchEvent(new Event('change'))")
    claim("sorted, failures come first", it.value("document.querySelector('#list').firstElementChild.id") == "c1")
    it.value("location.hash = '#c0'")
    time.sleep(0.2)
    claim("a link to a claim opens it", it.value("document.getElementById('c0').open"))

    for theme in ("light", "dark"):
        it.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
        bad = it.value(CONTRAST)
        claim(f"in the {theme} theme text can be read", bad == "", bad)
        dark = it.value("getComputedStyle(document.body).backgroundColor") == "rgb(24, 26, 31)"
        claim(f"the page follows the {theme} theme", dark == (theme == "dark"))
        if shots:
            import base64
            shot = it.call("Page.captureScreenshot", captureBeyondViewport=True)["data"]
            with open(os.path.join(shots, theme + ".png"), "wb") as file:
                file.write(base64.b64decode(shot))
    it.call("Emulation.setEmulatedMedia", media="print",
            features=[{"name": "prefers-color-scheme", "value": "dark"}])
    claim("on paper it is light",
          it.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)")
    claim("until the end nothing else was asked for", it.count("Network.requestWillBeSent") == 1)
    it.close()
