"""The defects that the page offers by name; the API takes any name, and the trainer learns it as a class of its own."""

from typing import Final

MISSED: Final = {
    "streak": "Streak of the recoater",
    "hopping": "Hopping: ridges across the way of the recoater",
    "super-elevation": "Super-elevation: a part stands out of the powder",
    "incomplete-spreading": "Incomplete spreading: powder is missing",
    "debris": "Debris on the bed",
    "spatter": "Spatter",
    "pit": "Pit: a hollow in metal or powder",
    "hole": "Hole",
    "other": "Another defect",
}
