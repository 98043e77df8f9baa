import pytest

from tierbench.models.bearing.kinematics import SKF_6205, Bearing


def test_orders_are_those_published_for_the_bearing():
    # The Bearing Data Center of Case Western Reserve University gives these multiples
    # of the shaft's speed for its drive-end bearing, a 6205-2RS JEM SKF.
    assert SKF_6205.inner_race_order == pytest.approx(5.4152, abs=1e-4)
    assert SKF_6205.outer_race_order == pytest.approx(3.5848, abs=1e-4)
    assert SKF_6205.cage_order == pytest.approx(0.39828, abs=1e-4)
    assert 2 * SKF_6205.ball_spin_order == pytest.approx(4.7135, abs=1e-4)


def test_every_ball_passes_both_races():
    passages = SKF_6205.inner_race_order + SKF_6205.outer_race_order
    assert passages == pytest.approx(SKF_6205.balls)
    assert SKF_6205.outer_race_order == pytest.approx(
        SKF_6205.balls * SKF_6205.cage_order
    )


def test_a_contact_angle_makes_the_ball_seem_smaller():
    size = {"balls": 12, "ball_diameter_mm": 10.0, "pitch_diameter_mm": 50.0}
    flat = Bearing(**size)
    inclined = Bearing(**size, contact_angle_deg=60.0)
    assert flat.outer_race_order == pytest.approx(4.8)
    assert inclined.outer_race_order == pytest.approx(5.4)
    assert inclined.ball_spin_order == pytest.approx(2.475)
