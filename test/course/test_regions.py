# SPDX-License-Identifier: MIT
"""The markers of regions: what is found and replaced, and what is refused with the place."""

import pytest
from ucow import LabError
from ucow.course.lab import labs
from ucow.course.regions import Region, outside, regions_of, replaced

SOURCE = """\
int f(void)
{
    /* LAB 3 begin: f */
    return 1;
    /* LAB 3 end */
}
/* LAB 12 begin: g */
int g(void) { return 2; }
/* LAB 12 end */
/* LABOUR is no marker, LAB 3 neither */
"""


def test_regions_are_found():
    assert regions_of(SOURCE, "a.c") == [Region(3, "f", 2, 4), Region(12, "g", 6, 8)]
    assert regions_of("", "a.c") == []


def test_only_the_regions_of_the_lab_are_replaced():
    """All other lines stay byte for byte, and a stub may have more or fewer lines, or none."""
    assert replaced(SOURCE, "a.c", 3, {"f": "    return 7;\n    // two\n"}) == SOURCE.replace("return 1;", "return 7;\n    // two")
    assert replaced(SOURCE, "a.c", 4, {}) == SOURCE
    assert outside(SOURCE, "a.c", 12) == SOURCE.replace("int g(void) { return 2; }", "")
    assert outside(SOURCE.replace("return 1;", "return\n 9;"), "a.c", 3) == outside(SOURCE, "a.c", 3)


@pytest.mark.parametrize("old, new, sentence", [
    ("/* LAB 3 end */\n", "\n", "a.c:7: a region begins inside region f, which has no end before it"),
    ("/* LAB 12 end */\n", "\n", "a.c:7: region g has no end"),
    ("/* LAB 3 begin: f */", "", "a.c:5: a region ends that has not begun"),
    ("LAB 3 end", "LAB 4 end", "a.c:5: region f of lab 3 ends as one of lab 4"),
    ("LAB 12 begin: g", "LAB 3 begin: f", "a.c:7: lab 3 has a region f already"),
    ("LAB 3 begin: f", "LAB 3 begin f", "a.c:3: no marker"),
    ("LAB 3 begin: f", "LAB three begin: f", "a.c:3: no marker"),
    ("LAB 3 begin: f", "LAB 3 begin: copy range", "a.c:3: no marker"),
    ("LAB 3 end */", "LAB 3 end", "a.c:5: no marker"),
    ("/* LAB 3 end */", "/* lab 3 end */", "a.c:7: a region begins inside region f"),
    ("/* LAB 3 end */", "/*LAB 3 end*/", "a.c:5: no marker"),
    ("/* LAB 3 begin: f */", "/* LAB 3 begin: f */ return 0;", "a.c:3: no marker"),
])
def test_a_wrong_marker_is_refused_with_its_place(old, new, sentence):
    assert old in SOURCE
    with pytest.raises(LabError) as refused:
        regions_of(SOURCE.replace(old, new), "a.c")
    assert str(refused.value).startswith(sentence)


def test_a_region_without_a_stub_is_refused():
    with pytest.raises(LabError, match="a.c:3: lab 3 has no stub for its region f"):
        replaced(SOURCE, "a.c", 3, {"g": ""})


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.name)
def test_every_lab_has_its_regions_and_stubs(lab):
    """Each stub stands for one region, and a file that belongs to a lab has one."""
    assert set(lab.handed_out) == set(lab.files)
    for file, text in lab.handed_out.items():
        source = lab.source(file)
        assert text != source, f"{file} has no region of lab {lab.number}"
        assert outside(text, file, lab.number) == outside(source, file, lab.number)
        for stub in lab.stubs.values():
            assert "exercise_" in stub, "a stub says which exercise is not done yet"


def test_no_region_belongs_to_no_lab():
    from ucow.build import ROOT  # pylint: disable=import-outside-toplevel
    known = {(lab.number, file) for lab in labs() for file in lab.files}
    for path in sorted((ROOT / "kernel").rglob("*.[ch]")):
        file = path.relative_to(ROOT).as_posix()
        for region in regions_of(path.read_text(), file):
            assert (region.lab, file) in known, f"{file}: region {region.name} of lab {region.lab}"
