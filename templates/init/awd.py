from pathlib import Path
from datetime import datetime, timedelta
seconds = {"1": 15, "2": 30, "4": 60, "8": 120, "20": 300, "81": 2, "C1": 5, "C2": 10}
folder = Path(DATA); new = folder.parent / (folder.name + "_csv"); new.mkdir(exist_ok=True)
for file in folder.glob("*.[Aa][Ww][Dd]"):
    lines = file.read_text(encoding="latin-1").splitlines()
    lines = [line.strip() for line in lines if line.strip()]
    clock, *half = lines[2].split()
    clock += "" if clock.count(":") > 1 else ":00"
    form = "%d-%b-%Y %I:%M:%S %p" if half else "%d-%b-%Y %H:%M:%S"
    start = datetime.strptime(" ".join([lines[1], clock, *half]), form)
    with open(new / (file.stem + ".csv"), "w") as out:
        out.write("time,activity,light,marker\n")
        for row, line in enumerate(lines[7:]):
            count, _, light = line.replace("M", "").partition(",")
            time = start + timedelta(seconds=row * seconds[lines[3]])
            out.write(f"{time},{count.strip()},{light.strip()},{int('M' in line)}\n")
