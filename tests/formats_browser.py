"""formats_browser.py BROWSER RELEASE TRACE...: what speedscope, whose files are in the folder
RELEASE, shows of each trace in a headless Chromium. Prints, each behind "TRACE: ":

    shows TRACK (1/2): NAME; NAME   a track, and the names of its slices as the table has them
    refused: TEXT                   no profile is shown; what the page or a dialog says
    warns: TEXT                     of the trace, on the console; also errors
    asks for URL                    that is no file
"""
import base64
import json
import os
import re
import sys
import tempfile
import time

from support_browser import Browser

browser, release, *traces = sys.argv[1:]
PROBLEMS = ("warning", "error", "assert")  # what is written to the console as such

# The toolbar's middle: "CPU (pid 1), kernel (tid 1) (1/3)"; of one track, no number.
TRACK = r"""(document.body.innerText.split('\n').find((line) => /(pid|tid) \d+\)/.test(line)) || '')
  .trim()"""
NAMES = """[...document.querySelectorAll('tr')]
  .filter((row) => row.getClientRects().length && row.querySelector('td'))
  .map((row) => row.lastElementChild.innerText.trim()).join('; ')"""
FAILED = "(document.body.innerText.match(/Something went wrong/) || [''])[0]"


def write_loader(path, trace):
    """A script that hands the trace to speedscope, as its own command line does."""
    with open(trace, "rb") as file:
        content = base64.b64encode(file.read()).decode()
    with open(path, "w", encoding="utf-8") as file:
        name = json.dumps(os.path.basename(trace))
        file.write(f'speedscope.loadFileFromBase64({name}, "{content}")')


def told(events):
    """Dialogs, and what else the page told of: a list of texts each."""
    dialogs, lines = [], []
    for event in events:
        method, params = event.get("method"), event.get("params", {})
        if method == "Page.javascriptDialogOpening":
            dialogs.append(params["message"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in PROBLEMS:
            texts = [str(a.get("value", a.get("description"))) for a in params["args"]]
            lines.append("warns: " + " ".join(texts))
        elif method == "Runtime.exceptionThrown":
            lines.append("warns: " + json.dumps(params["exceptionDetails"])[:300])
        elif method == "Log.entryAdded" and params["entry"]["source"] != "rendering":  # graphics
            lines.append("warns: " + params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:")):
                lines.append("asks for " + url)
    return dialogs, lines


def soon(true):
    for _ in range(300):
        if true():
            return True
        time.sleep(0.1)
    return False


def refusal(it, trace):
    """Waits until a profile is shown; else says why there is none."""
    title = os.path.basename(trace) + " - speedscope"

    def failed():
        return "; ".join(told(it.events)[0]) or it.value(FAILED)

    def shown():
        return it.value("document.title") == title and it.value(TRACK) and it.value(NAMES)

    if soon(lambda: failed() or shown()):
        return failed()
    return "nothing is shown: " + it.value("document.title + ' ' + document.body.innerText")


def show_tracks(it):
    while True:
        track = it.value(TRACK)
        yield f"shows {track}: {it.value(NAMES)}"
        number = re.search(r"\((\d+)/(\d+)\)$", track)
        if not number or number[1] == number[2]:
            return
        it.key("n", "n")  # the next track
        if not soon(lambda before=track: it.value(TRACK) != before and it.value(NAMES)):
            return


def show(it, loader, trace):
    write_loader(loader, trace)
    it.open(os.path.join(release, "index.html"), "#view=sandwich&localProfilePath=" + loader)
    why = refusal(it, trace)
    if why:
        yield "refused: " + why
    else:
        yield from show_tracks(it)
    yield from told(it.events)[1]


with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
    # Its canvas wants WebGL, which without a GPU is drawn by SwiftShader.
    tab = Browser(browser, os.path.join(folder, "browser"), "--enable-unsafe-swiftshader")
    for number, path in enumerate(traces):
        for line in show(tab, os.path.join(folder, f"{number}.js"), path):
            print(f"{path}: {line}", flush=True)
    tab.close()
