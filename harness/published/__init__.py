"""What others published: results that are cited, never measured here."""
