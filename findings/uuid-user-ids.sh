#!/usr/bin/env bash
# UUIDs as user ids: in SQLite SQLAlchemy, Django and peewee keep them without hyphens, and duckdb and pydantic write an iPhone's capitals small.
#
# SQLAlchemy 2.1.9, Django 5.2.19, peewee 4.5.3, pydantic 2.14.3 and duckdb 2.0.1 (PyPI), each with its own defaults; as peers tortoise-orm 1.1.9, polars 2.1.0.
# Behaviour, of the user E621E1F8-C36C-495A-93FC-0C247A3E6E5F, as Apple's `UUID().uuidString` writes one:
# - SQLAlchemy's `Uuid`, Django's `UUIDField` and peewee's: the column in SQLite has e621e1f8c36c495a93fc0c247a3e6e5f, 32 characters. Through the ORM it has
#   hyphens again, and small letters. tortoise-orm keeps small letters with hyphens.
# - pydantic's `UUID`: small letters in its JSON.
# - duckdb makes UUIDs of a field of JSON lines in which each text is one, and writes small letters (`COPY … TO`). If one user's id is no UUID, all stay
#   as they are. A CSV file stays as it is. polars leaves them.
#
# Who is hurt: whoever imports the rows of such a database, or an export that went through duckdb. The app goes on asking with the id that it has: for a
# server that compares ids as texts that is another user, without a backup. In a try-out with one id that is no UUID, all is well. Compare an id
# in the rows with the one in the app's requests before you import.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check SQLAlchemy==2.1.9 Django==5.2.19 peewee==4.5.3 pydantic==2.14.3 \
  duckdb==2.0.1 tortoise-orm==1.1.9 polars==2.1.0
cat >run.py <<'PY'
import asyncio
import json
import sqlite3
from uuid import UUID

import django
import duckdb
import peewee
import polars
import pydantic
import sqlalchemy
from django.conf import settings
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from tortoise import Tortoise

apple = "E621E1F8-C36C-495A-93FC-0C247A3E6E5F"
small, bare = apple.lower(), apple.lower().replace("-", "")

def in_file(name):
    with sqlite3.connect(name) as database:
        return database.execute("SELECT id FROM users").fetchone()[0]

def with_sqlalchemy():
    class Base(DeclarativeBase):
        pass
    class User(Base):
        __tablename__ = "users"
        id: Mapped[UUID] = mapped_column(primary_key=True)
    engine = sqlalchemy.create_engine("sqlite:///sqlalchemy.db")
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        session.add(User(id=UUID(apple)))
    with Session(engine) as session:
        return in_file("sqlalchemy.db"), str(session.scalars(sqlalchemy.select(User)).one().id)

def with_django():
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.db"}}, INSTALLED_APPS=[])
    django.setup()
    from django.db import connection, models
    class User(models.Model):
        id = models.UUIDField(primary_key=True)
        class Meta:
            app_label, db_table = "finding", "users"
    with connection.schema_editor() as editor:
        editor.create_model(User)
    User.objects.create(id=apple)
    return in_file("django.db"), str(User.objects.get(id=apple).id)

def with_peewee():
    class User(peewee.Model):
        id = peewee.UUIDField(primary_key=True)
        class Meta:
            database, table_name = peewee.SqliteDatabase("peewee.db"), "users"
    User.create_table()
    User.create(id=apple)
    return in_file("peewee.db"), str(User.get().id)

async def with_tortoise():
    await Tortoise.init(db_url="sqlite://tortoise.db", modules={"models": ["users"]})
    await Tortoise.generate_schemas()
    from users import User
    await User.create(id=UUID(apple))
    given = str((await User.first()).id)
    await Tortoise.close_connections()
    return in_file("tortoise.db"), given

for name, result, expected in (
    ("SQLAlchemy", with_sqlalchemy(), bare),
    ("Django", with_django(), bare),
    ("peewee", with_peewee(), bare),
    ("tortoise-orm", asyncio.run(with_tortoise()), small),
):
    print(f"{name}: in the file {result[0]}, through the ORM {result[1]}")
    assert result == (expected, small), name

class Named(pydantic.BaseModel):
    userId: UUID
print("pydantic:", Named(userId=apple).model_dump_json())
assert json.loads(Named(userId=apple).model_dump_json()) == {"userId": small}

def through_duckdb(name):
    duckdb.sql(f"COPY (SELECT * FROM '{name}') TO 'out.ndjson'")
    return [json.loads(line)["userId"] for line in open("out.ndjson")]
def write(name, ids):
    with open(name, "w") as file:
        file.writelines(json.dumps({"userId": each, "share": "a share"}) + "\n" for each in ids)
write("uuids.ndjson", [apple])
write("mixed.ndjson", [apple, "user-2"])
open("uuids.csv", "w").write(f"userId,share\n{apple},a share\n")
print("duckdb:", through_duckdb("uuids.ndjson"), "and with another kind of id:", through_duckdb("mixed.ndjson"))
assert through_duckdb("uuids.ndjson") == [small]
assert through_duckdb("mixed.ndjson") == [apple, "user-2"]
assert through_duckdb("uuids.csv") == [apple]
assert polars.read_ndjson("uuids.ndjson")["userId"].to_list() == [apple]
PY
cat >users.py <<'PY'
from tortoise import fields, models

class User(models.Model):
    id = fields.UUIDField(primary_key=True)

    class Meta:
        table = "users"
PY
py/bin/python -W ignore run.py
echo "as stated: SQLAlchemy 2.1.9, Django 5.2.19, peewee 4.5.3, pydantic 2.14.3, duckdb 2.0.1, tortoise-orm 1.1.9, polars 2.1.0"
