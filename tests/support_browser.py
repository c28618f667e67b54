"""support_browser.py: a headless Chromium, for tests that open a page.

It talks to the browser through a pipe (--remote-debugging-pipe), so there is no port and no
package. A browser that does not answer, or a page that does not load, ends the test: "not ok".

    it = Browser(PROGRAM, FOLDER, FLAG...)   FOLDER is for the browser's own files
    it.open(PATH, FRAGMENT)                  a page of its own; it.events begins anew
    it.value(SCRIPT), it.key(NAME, TEXT)     evaluates; presses a key (TEXT: what it types)
    it.events, it.count(METHOD)              what the browser told meanwhile; dialogs are accepted
    it.close()
"""
import json
import os
import select
import subprocess
import time


class Browser:
    def __init__(self, program, folder, *flags):
        into, self.send_to = os.pipe()
        self.read_from, out_of = os.pipe()
        high = [os.dup2(fd, fd + 20) for fd in (into, out_of)]

        def take_pipes():  # the browser wants them as 3 and 4
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe",
             "--no-first-run", "--disable-background-networking", f"--user-data-dir={folder}",
             *flags, "about:blank"],
            close_fds=False, preexec_fn=take_pipes, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        for fd in [into, out_of] + high:
            os.close(fd)
        self.buffer, self.number, self.events, self.session = b"", 0, [], None

    def next(self, seconds):
        end = time.monotonic() + seconds
        while b"\0" not in self.buffer:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.read_from], [], [], left)[0]:
                return None
            read = os.read(self.read_from, 1 << 16)
            if not read:
                return None
            self.buffer += read
        text, self.buffer = self.buffer.split(b"\0", 1)
        return json.loads(text)

    def send(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.send_to, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, **params):
        number = self.send(method, **params)
        while True:
            answer = self.next(60)
            if answer is None:
                raise SystemExit("not ok - the browser answers: " + method)
            if answer.get("method") == "Page.javascriptDialogOpening":  # scripts wait
                self.send("Page.handleJavaScriptDialog", accept=True)
            if answer.get("id") == number:
                if "error" in answer:
                    raise SystemExit(f"not ok - {method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def open(self, path, fragment=""):
        self.session = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Network", "Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.call("Emulation.setDeviceMetricsOverride", width=1400, height=1000, deviceScaleFactor=1,
                  mobile=False)
        self.events.clear()
        self.call("Page.navigate", url="file://" + os.path.abspath(path) + fragment)
        for _ in range(200):
            if any(e.get("method") == "Page.loadEventFired" for e in self.events):
                return
            self.value("1")
            time.sleep(0.05)
        raise SystemExit("not ok - the page loads")

    def value(self, script):
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True,
                           awaitPromise=True)
        return answer["result"].get("value")

    def key(self, name, text=None):
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40}
        event = {"key": name, "windowsVirtualKeyCode": codes.get(name, ord(name[0].upper()))}
        self.call("Input.dispatchKeyEvent", type="keyDown", **event, **({"text": text} if text else {}))
        self.call("Input.dispatchKeyEvent", type="keyUp", **event)
        self.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 20)))")

    def count(self, method):
        return sum(e.get("method") == method for e in self.events)

    def close(self):
        self.process.terminate()
        self.process.wait()
