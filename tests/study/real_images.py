"""A study's images made of real mammograms: the CESM folder, and tumours put in by ``tamperscope inject``."""

import csv
import subprocess
import sys


def tamperscope(*arguments):
    """Runs the command line as a user does; returns all that it says."""
    command = [sys.executable, "-m", "tamperscope", *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout
    return done.stdout


def write_real_images(cesm, folder, *, forged=52, healthy=27, unhealthy=22):
    """Writes ``folder/images.csv``, all images of different sources; as many as the report's two parts have."""
    with (cesm / "images.csv").open(encoding="utf-8-sig") as stream:
        known = sorted(csv.DictReader(stream), key=lambda one: one["image"])
    with (cesm / "regions.csv").open(encoding="utf-8-sig") as stream:
        regions = {}
        for row in csv.DictReader(stream):
            regions.setdefault(row["image"], []).append([int(float(row[side])) for side in ("x0", "y0", "x1", "y1")])
    well = [one for one in known if one["folder_class"] == "normal" and one["image"] not in regions][:healthy]
    suspicious = [one for one in known if one["birads"][:1] in ("3", "4", "5") and one["folder_class"] != "normal"]
    ill = [one for one in suspicious if one["image"] in regions][:unhealthy]
    rest = [one for one in known if one not in well and one not in ill][:forged]
    folder.mkdir(parents=True, exist_ok=True)
    plan = [{"image": cesm / one["file"], "square": "random", "seed": seed} for seed, one in enumerate(rest)]
    write_rows(folder / "plan.csv", plan)
    tamperscope("inject", "--batch", folder / "plan.csv", "--out", folder / "forged")
    rows = [
        row_of(one, cesm / one["file"], health, regions)
        for health, of in (("healthy", well), ("unhealthy", ill))
        for one in of
    ]
    for number, one in enumerate(rest, 1):
        file = folder / "forged" / f"{number:06}-{one['image']}.png"
        rows.append({"path": file, "truth": "fake", "healthy": "", "patient": patient_of(one), "lesions": ""})
    write_rows(folder / "images.csv", rows)


def row_of(one, file, health, regions):
    """A real image's row."""
    boxes = "" if health == "healthy" else ";".join(f"{a} {b} {c - a} {d - b}" for a, b, c, d in regions[one["image"]])
    return {"path": file, "truth": "real", "healthy": health, "patient": patient_of(one), "lesions": boxes}


def patient_of(one):
    """The patient, or the bracket that holds it."""
    return one["patient"] or f"{one['pat_lo']}-{one['pat_hi']}"


def write_rows(path, rows):
    """Writes a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
