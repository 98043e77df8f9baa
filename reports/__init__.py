"""Reports: from results to one page that a decision can rest on."""
