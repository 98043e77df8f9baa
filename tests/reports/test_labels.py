from hypothesis import given
from hypothesis import strategies as st

from tierbench.reports.labels import Box, place

FRAME = Box(left=0, bottom=0, right=400, top=300)
inside = st.tuples(st.floats(0, 400), st.floats(0, 300))


def test_neighbours_do_not_cover_each_other() -> None:
    points = [(200.0, 150.0), (206.0, 150.0), (203.0, 155.0), (200.0, 146.0)]
    boxes = place(points, [4] * 4, FRAME, 9)
    for index, box in enumerate(boxes):
        assert box is not None
        assert all(other and not box.overlap(other) for other in boxes[index + 1 :])


def test_taken_space_is_avoided() -> None:
    bar = Box(left=206, bottom=140, right=400, top=170)
    (box,) = place([(200, 150)], [5], FRAME, 9, [bar])
    assert box is not None
    assert box.overlap(bar) == 0


@given(st.lists(inside, max_size=6))
def test_labels_stay_in_the_frame(points: list[tuple[float, float]]) -> None:
    boxes = place(points, [5] * len(points), FRAME, 9)
    assert len(boxes) == len(points)
    assert all(box and box.outside(FRAME) < 1e-6 for box in boxes)


def test_a_label_without_room_stays_away_unless_it_is_needed() -> None:
    crowd = [(200.0 + 3 * x, 150.0 + 3 * y) for x in range(6) for y in range(6)]
    for must in (False, True):
        boxes = place(crowd, [6] * 36, FRAME, 9, needed=[must] * 36)
        assert all(boxes) is must
    placed = [
        box for box in place(crowd, [6] * 36, FRAME, 9, needed=[False] * 36) if box
    ]
    for index, box in enumerate(placed):
        assert all(box.overlap(other) == 0 for other in placed[index + 1 :])


def test_hundreds_of_points_ask_only_their_neighbours(monkeypatch) -> None:
    asked = 0
    overlap = Box.overlap

    def counted(self: Box, other: Box) -> float:
        nonlocal asked
        asked += 1
        return overlap(self, other)

    monkeypatch.setattr(Box, "overlap", counted)
    points = [(20.0 * x, 15.0 * y) for x in range(20) for y in range(20)]
    bars = [Box(left=x - 9, bottom=y - 1, right=x + 9, top=y + 1) for x, y in points]
    place(points, [5] * 400, FRAME, 9, bars, [False] * 400)
    assert asked < 400 * 400
