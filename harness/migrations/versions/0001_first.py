"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables of the first schema."""
    op.create_table(
        "environment",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_environment"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sweep_sha256", sa.Text(), nullable=False),
        sa.Column("sweep", sa.Text(), nullable=False),
        sa.Column("started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("finished_at_ns", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("tierbench_version", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_index("ix_run_started_at_ns", "run", ["started_at_ns"])
    op.create_index("ix_run_sweep_sha256", "run", ["sweep_sha256"])
    op.create_table(
        "variant",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("json", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_variant"),
    )
    op.create_index("ix_variant_sha256", "variant", ["sha256"])
    op.create_table(
        "result",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("variant_key", sa.Text(), nullable=False),
        sa.Column("case_json", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("environment_sha256", sa.Text(), nullable=True),
        sa.Column("identity_sha256", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("extra", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_result"),
        sa.ForeignKeyConstraint(
            ["environment_sha256"],
            ["environment.sha256"],
            name="fk_result_environment_sha256",
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_result_run_id"),
        sa.ForeignKeyConstraint(
            ["variant_key"], ["variant.key"], name="fk_result_variant_key"
        ),
    )
    op.create_index(
        "ix_result_case_key_finished_at_ns", "result", ["case_key", "finished_at_ns"]
    )
    op.create_index("ix_result_run_id", "result", ["run_id"])
    op.create_table(
        "block",
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("started_at_ns", sa.BigInteger(), nullable=False),
        sa.Column("offset_ns", sa.BigInteger(), nullable=False),
        sa.Column("elapsed_ns", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("context", sa.Text(), nullable=False),
        sa.Column("series", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("result_id", "place", name="pk_block"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["result.id"], name="fk_block_result_id"
        ),
    )
    op.create_table(
        "run_result",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("case_key", sa.Text(), nullable=False),
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "case_key", name="pk_run_result"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["result.id"], name="fk_run_result_result_id"
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_result_run_id"),
    )
    op.create_index("ix_run_result_result_id", "run_result", ["result_id"])
    op.create_table(
        "samples",
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("quantity", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("codec", sa.Text(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("dtype", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("times_dtype", sa.Text(), nullable=True),
        sa.Column("times", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("result_id", "place", name="pk_samples"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["result.id"], name="fk_samples_result_id"
        ),
    )
    op.create_table(
        "worker",
        sa.Column("result_id", sa.Text(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Integer(), nullable=False),
        sa.Column("first_call_ns", sa.BigInteger(), nullable=False),
        sa.Column("open_ns", sa.BigInteger(), nullable=False),
        sa.Column("memory", sa.Text(), nullable=False),
        sa.Column("ran", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("result_id", "place", name="pk_worker"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["result.id"], name="fk_worker_result_id"
        ),
    )
