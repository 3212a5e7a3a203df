"""The documentation as a folder of files for any web server.

    python3 -m venv env && env/bin/pip install -r docs/site/requirements.txt
    env/bin/python docs/site/build.py FOLDER            # FOLDER is made anew; a link that leads nowhere is an error
    env/bin/python docs/site/build.py FOLDER --serve    # and is shown at http://127.0.0.1:8000

The pages are those of docs/, and those of OUTSIDE; the menu is in mkdocs.yml beside this file.
"""

import functools
import http.server
import posixpath
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Files outside of docs/ that are on the site, and where.
OUTSIDE = {
    "README.md": "developers/repository.md",
    "ARCHITECTURE.md": "developers/architecture.md",
    "CONTRIBUTING.md": "developers/contributing.md",
    "CHANGELOG.md": "developers/changes.md",
    "config/reference.yaml": "files/reference.yaml",
}
# A block whose language is followed by a word for the tests is none to the generator.
MARKED = re.compile(r"^(```\w+) .*$", re.M)
LINK = re.compile(r"(\]\()([^)#\s:]+)((?:#[^)\s]*)?\))")
# Of docs/site, what the pages need; the rest makes them.
NEEDED = ["favicon.svg", "style.css"]


def staged(project):
    """Puts pages and files together as they are on the site, and gives what is wrong with their links and places."""
    (project / "docs" / "site").mkdir(parents=True)
    shutil.copy(HERE / "mkdocs.yml", project)
    for name in NEEDED:
        shutil.copy(HERE / name, project / "docs" / "site")
    inside = [path for path in (ROOT / "docs").rglob("*") if path.is_file() and HERE not in path.parents]
    places = {path.relative_to(ROOT).as_posix(): path.relative_to(ROOT / "docs").as_posix() for path in inside} | OUTSIDE
    faults = []
    for source, place in places.items():
        target = project / "docs" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.suffix == ".md":
            target.write_text(moved((ROOT / source).read_text("utf-8"), source, places, faults), "utf-8")
        else:
            shutil.copy(ROOT / source, target)
    pages = {place for place in places.values() if place.endswith(".md")}
    menu = set(re.findall(r"\S+\.md$", (HERE / "mkdocs.yml").read_text("utf-8"), re.M))
    faults += [f"docs/site/mkdocs.yml: {page} has no place in the menu" for page in sorted(pages - menu)]
    faults += [f"docs/site/mkdocs.yml: {page} is in the menu and not in docs/" for page in sorted(menu - pages)]
    return faults


def moved(text, source, places, faults):
    """A page whose links lead where things are on the site."""

    def link(found):
        before, to, after = found.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), to))
        if path not in places:
            line = text.count("\n", 0, found.start()) + 1
            faults.append(f"{source}:{line}: {to} is not on the site: mend the link, or add {path} to OUTSIDE in docs/site/build.py")
            return found.group()
        return before + posixpath.relpath(places[path], posixpath.dirname(places[source]) or ".") + after

    return MARKED.sub(r"\1", LINK.sub(link, text))


def build(folder):
    if folder.exists() and any(folder.iterdir()) and not (folder / "sitemap.xml").exists():
        sys.exit(f"{folder} holds something else than a site: name an empty or a new folder")
    with tempfile.TemporaryDirectory() as project:
        project = Path(project)
        faults = staged(project)
        if faults:
            sys.exit("\n".join(faults))
        command = [Path(sys.executable).parent / "zensical", "build", "--strict", "-f", project / "mkdocs.yml"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            # The trace behind its last word is of the generator itself.
            said = done.stdout + done.stderr.split("Traceback")[0]
            sys.exit(re.sub(r"\x1b\[[0-9;]*m", "", said) + f"error: {folder} is left as it was")
        if folder.exists():
            shutil.rmtree(folder)
        shutil.copytree(project / "site", folder)
    print(f"{folder}: {len(list(folder.rglob('*.html')))} pages")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3) or sys.argv[2:] not in ([], ["--serve"]):
        sys.exit(__doc__)
    build(Path(sys.argv[1]))
    if sys.argv[2:]:
        handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
        print("http://127.0.0.1:8000")
        http.server.ThreadingHTTPServer(("127.0.0.1", 8000), handler).serve_forever()
