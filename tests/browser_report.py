"""A report in a browser: from the disk, without network, in light and dark, narrow, by keyboard, and printed.

    python browser_report.py REPORT.html PICTURES [CHROMIUM]

Needs playwright, axe-core-python and html5lib; the browser is Debian's chromium-headless-shell. Pictures and the printed
file are kept in PICTURES, to be looked at.
"""

import pathlib
import re
import shutil
import sys

import axe_core_python
import html5lib
from playwright.sync_api import expect, sync_playwright

WAYS = [("light", 1100), ("dark", 1100), ("light", 320), ("dark", 320)]


def valid(report: pathlib.Path) -> None:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parser.parse(report.read_text(encoding="utf-8"))
    # An ids of SVG's own are not HTML's concern; the parser names what HTML does not allow.
    assert not parser.errors, parser.errors[:5]


def axe_of(page) -> list:
    script = pathlib.Path(axe_core_python.__file__).parent / "axe.min.js"
    # The page's own policy forbids scripts; this one comes from outside of it.
    page.evaluate(script.read_text(encoding="utf-8") + "; undefined")
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [(v["id"], v["help"], [n["target"] for n in v["nodes"]][:3]) for v in found["violations"]]


def look(browser, report: pathlib.Path, pictures: pathlib.Path, theme: str, width: int) -> None:
    context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": 800}, bypass_csp=True, offline=True)
    page = context.new_page()
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(report.as_uri())
    page.screenshot(path=pictures / f"report_{theme}_{width}.png", full_page=True)
    assert asked == [report.as_uri()], asked
    assert not said, said
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, f"{theme} {width}: the page is {wide} wide"
    violations = axe_of(page)
    assert not violations, f"{theme} {width}: {violations}"
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5')].map(h => +h.tagName[1])")
    assert levels[0] == 1 and levels.count(1) == 1, levels
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:])), levels
    for name in ["banner", "navigation", "main", "contentinfo"]:
        assert page.get_by_role(name).count() == 1, name
    pictures_there = page.get_by_role("img")
    assert pictures_there.count() >= 8, pictures_there.count()
    for at in range(pictures_there.count()):
        assert pictures_there.nth(at).locator("title").first.text_content()
    context.close()


def by_keyboard(browser, report: pathlib.Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    # The browser tells a moment later where it is.
    expect(page).to_have_url(re.compile("#content$"))
    summary = page.locator("summary").first
    summary.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details").first).to_have_attribute("open", "")
    # Rows of a picture are saved without a script.
    with page.expect_download() as download:
        page.get_by_role("link", name="Save the rows of").first.click()
    saved = pathlib.Path(download.value.path()).read_text(encoding="utf-8")
    assert download.value.suggested_filename.endswith(".csv") and saved.count("\n") > 1, saved[:200]
    page.close()


def main() -> None:
    report, pictures = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2])
    chromium = sys.argv[3] if len(sys.argv) > 3 else shutil.which("chromium-headless-shell") or shutil.which("chromium")
    assert chromium, "chromium not found\n(hint: apt-get install chromium-headless-shell)"
    pictures.mkdir(parents=True, exist_ok=True)
    valid(report)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for theme, width in WAYS:
            look(browser, report, pictures, theme, width)
        by_keyboard(browser, report)
        page = browser.new_page()
        page.goto(report.as_uri())
        page.pdf(path=pictures / "report.pdf", format="A4", print_background=True)
        assert (pictures / "report.pdf").stat().st_size > 20_000
        browser.close()
    print(f"{report.name}: valid, nothing fetched, accessible in {len(WAYS)} ways, printed")


main()
