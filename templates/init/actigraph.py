from pathlib import Path
from datetime import datetime, timedelta
folder = Path(DATA); new = folder.parent / (folder.name + "_csv"); new.mkdir(exist_ok=True)
for file in folder.glob("*.[Cc][Ss][Vv]"):
    lines = file.read_text(encoding="latin-1").splitlines()
    about, rows = lines[:10], [line for line in lines[10:] if line]
    said = lambda what: next(line[len(what):].strip(' ,"') for line in about if line.startswith(what))
    date = said("Start Date").replace("-", "/").replace(".", "/")
    order = about[0].partition("date format ")[2][:1].lower()
    form = {"d": "%d/%m/%Y", "y": "%Y/%m/%d"}.get(order, "%m/%d/%Y")
    start = datetime.strptime(f"{date} {said('Start Time')}", form + " %H:%M:%S")
    hours, minutes, seconds = map(int, said("Epoch Period (hh:mm:ss)").split(":"))
    epoch = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if rows[0][0] in "0123456789-":
        rows.insert(0, ",".join(f"c{number}" for number in range(1, rows[0].count(",") + 2)))
    with open(new / file.name, "w") as out:
        out.write(f"time,{rows[0]}\n")
        for row, line in enumerate(rows[1:]):
            out.write(f"{start + row * epoch},{line}\n")
