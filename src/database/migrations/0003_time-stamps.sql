-- Up Migration
-- Time-stamps: hashes of dispatches and verdicts, in batches, each under one token of a time-stamping authority.

-- What no batch holds yet. A row leaves when a batch takes it, in one transaction.
create table stamp_waiting (
  kind text not null check (kind in ('dispatch', 'verdict')),
  subject uuid not null,              -- the dispatch; or the arrival or document that the verdict is on
  hash bytea not null,                -- SHA-256 of the packet, or of a packet's SHA-256 and the verdict on it as canonical JSON
  noted_at timestamptz not null,
  primary key (kind, subject, hash)
);
create index on stamp_waiting (noted_at);

-- A batch and its leaves are committed before the authority is asked: whoever asks again asks for the same root.
create table stamp_batch (
  id bigint generated always as identity primary key,
  root bytea not null,                -- of the Merkle tree over the leaves' hashes, RFC 9162
  size integer not null check (size > 0),
  made_at timestamptz not null
);
create table stamp_leaf (
  batch_id bigint not null references stamp_batch,
  position integer not null,          -- from 0
  kind text not null check (kind in ('dispatch', 'verdict', 'audit')),
  subject text not null,              -- as above; for the audit chain: the position of its end
  hash bytea not null,
  primary key (batch_id, position),
  unique (subject, kind, hash)
);
create table stamp_token (
  batch_id bigint primary key references stamp_batch,
  token bytea not null,               -- as it came
  gen_time timestamptz not null,
  verdict jsonb not null,             -- on the token, when it came
  received_at timestamptz not null
);

-- Whose turn it is to ask, when next, and since when nothing has come of it; one row.
create table stamping (
  only_one boolean primary key default true check (only_one),
  lease_until timestamptz,
  next_at timestamptz not null,
  failures integer not null default 0,
  failing_since timestamptz
);
insert into stamping (next_at) values ('epoch'); -- at once
