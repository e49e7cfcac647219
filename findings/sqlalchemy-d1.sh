#!/usr/bin/env bash
# SQLAlchemy on D1: what is rolled back stays, a row that is there already raises another error than elsewhere, and bytes are stored as base64.
#
# sqlalchemy-cloudflare-d1 0.4.1 with SQLAlchemy 2.1.9 (PyPI), against a stand-in for D1's REST API that carries out each statement as D1 does, in an SQLite;
# as peer SQLAlchemy's own driver for SQLite.
# Behaviour:
# - `with Session(engine) as session, session.begin():` around a user and a share, of which the share is refused: the error comes, the user is there. With
#   `session.rollback()` both are there. There is no warning. `commit()` and `rollback()` of the driver do nothing: each statement is a request
#   of its own, and done when it is answered.
# - Of three rows in one `add_all`, the second of which is refused, the first is there.
# - A primary key that is taken is an OperationalError, as a lost connection is, and never an IntegrityError.
# - `LargeBinary` puts the text of the bytes' base64 into the BLOB column. Through SQLAlchemy the bytes come back; a Worker on the same database, and
#   `length()`, see the text.
# - The peer leaves no row, raises IntegrityError, and stores bytes.
#
# Who is hurt: whoever moves a backup server in Python to D1 and keeps its code. Half a registration stays, so the second try is refused for ever;
# `except IntegrityError` (it is there already: good) no longer catches that; what tries again after an OperationalError repeats a store that can never
# succeed. And a sealed share that a Worker reads there does not open. Send what belongs together as one batch, from a Worker.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
python3 -m venv py
py/bin/pip install --quiet --disable-pip-version-check sqlalchemy-cloudflare-d1==0.4.1 SQLAlchemy==2.1.9
cat >run.py <<'PY'
import http.server
import json
import os
import sqlite3
import threading
import warnings

database = sqlite3.connect("d1.sqlite", check_same_thread=False, isolation_level=None)
database.execute("PRAGMA foreign_keys = ON")

class D1(http.server.BaseHTTPRequestHandler):
    """POST …/raw with one statement, as Cloudflare's REST API for D1 has it."""
    protocol_version = "HTTP/1.1"
    def log_message(self, *_):
        pass
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        try:
            before = database.total_changes
            cursor = database.execute(asked["sql"], asked.get("params", []))
            columns = [column[0] for column in cursor.description or []]
            rows = cursor.fetchall()
            meta = {"changes": database.total_changes - before, "last_row_id": cursor.lastrowid}
            status, answer = 200, {"success": True, "errors": [], "result": [{"success": True, "meta": meta, "results": {"columns": columns, "rows": rows}}]}
        except sqlite3.Error as error:
            status, answer = 400, {"success": False, "result": [], "errors": [{"code": 7500, "message": f"{error}: SQLITE_CONSTRAINT"}]}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), D1)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["CF_D1_BASE_URL"] = f"http://127.0.0.1:{server.server_port}"

from sqlalchemy import ForeignKey, LargeBinary, create_engine, event, select, text
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

warnings.simplefilter("error")
warnings.simplefilter("ignore", ResourceWarning)

class Base(DeclarativeBase):
    pass
class User(Base):
    __tablename__ = "users"
    id: Mapped[str] = mapped_column(primary_key=True)
class Share(Base):
    __tablename__ = "shares"
    id: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(ForeignKey("users.id"))
    sealed: Mapped[bytes] = mapped_column(LargeBinary)

def seen(engine):
    """What is left by a registration that fails, one that is rolled back, rows at once; which errors; how bytes are stored."""
    Base.metadata.create_all(engine)
    def users():
        with Session(engine) as session:
            return sorted(session.scalars(select(User.id)))
    def error_of(work):
        try:
            with Session(engine) as session, session.begin():
                work(session)
        except (IntegrityError, OperationalError) as error:
            return type(error).__name__
    def refused(session):
        session.add(User(id="ann"))
        session.flush()
        session.add(Share(id="1", user="nobody", sealed=b"\x00\xff"))
    errors = [error_of(refused)]
    with Session(engine) as session:
        session.add(User(id="bob"))
        session.flush()
        session.rollback()
    with Session(engine) as session, session.begin():
        session.add(User(id="dan"))
    errors.append(error_of(lambda session: session.add_all([User(id="cy"), User(id="dan"), User(id="eve")])))
    with Session(engine) as session, session.begin():
        session.add(Share(id="2", user="dan", sealed=b"\x00\xff"))
    with engine.connect() as connection:
        stored = tuple(connection.execute(text("SELECT typeof(sealed), length(sealed) FROM shares")).one())
    with Session(engine) as session:
        assert session.get(Share, "2").sealed == b"\x00\xff"
    return users(), errors, stored

own = create_engine("sqlite:///own.sqlite")
event.listen(own, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
result = seen(own)
print("SQLite:", result)
assert result == (["dan"], ["IntegrityError", "IntegrityError"], ("blob", 2))
result = seen(create_engine("cloudflare_d1://account:token@database"))
print("D1:", result)
assert result == (["ann", "bob", "cy", "dan"], ["OperationalError", "OperationalError"], ("text", 4))
PY
py/bin/python run.py
echo "as stated: sqlalchemy-cloudflare-d1 0.4.1, SQLAlchemy 2.1.9"
