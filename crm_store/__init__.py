"""The client base: PostgreSQL through asyncpg. SQL lives here and nowhere else."""
