from tierbench.harness.case_label import case_label, place
from tierbench.harness.values import Scenario


def test_a_label_names_what_tells_cases_of_a_sweep_apart():
    label = case_label("net", "int8", "sim", {}, Scenario.OFFLINE, 8)
    assert label == "net/int8 sim offline batch 8"


def test_options_that_the_sweep_set_stand_with_the_target_in_one_order():
    one = place("sim", {"noise": 0.1, "depth": 2})
    other = place("sim", {"depth": 2, "noise": 0.1})
    assert one == other == "sim[depth=2, noise=0.1]"
