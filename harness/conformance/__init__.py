"""The conformance kit: what every target promises, as tests that anybody can run."""
