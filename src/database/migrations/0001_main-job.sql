-- Up Migration
-- The first schema: registry, access, outbound, inbound, audit. Every state is explained where the code decides on it.

-- agencies ----------------------------------------------------------------------------------------------------------
create table agency (
  id bigint generated always as identity primary key,
  name text not null,
  mail text,
  source text not null,               -- 'setup', or the connection whose axis listed it
  opened_on date,
  closed_on date,
  updated_at timestamptz not null default now()
);
-- Both spellings (QCVN 102 and QĐ 20/2020) of one agency point to the same row.
create table agency_code (
  code text primary key,
  agency_id bigint not null references agency
);
create index on agency_code (agency_id);

-- A certificate speaks for the agencies it is linked to; its subject names no code (trust.md 1.2).
create table certificate (
  fingerprint bytea primary key,      -- SHA-256 of the DER
  der bytea not null,
  added_at timestamptz not null default now()
);
create table certificate_agency (
  fingerprint bytea not null references certificate,
  agency_id bigint not null references agency,
  primary key (fingerprint, agency_id)
);
create table signer (
  agency_id bigint primary key references agency,
  fingerprint bytea not null references certificate,
  sealed_key bytea not null           -- PKCS#8, envelope-encrypted
);

-- connections and systems -------------------------------------------------------------------------------------------
create table connection (
  id text primary key,
  protocol text not null check (protocol in ('vxp')),
  base_url text not null,
  system_id text not null,
  sealed_secret bytea not null,       -- envelope-encrypted
  policy jsonb not null,
  created_at timestamptz not null default now()
);
-- Each time the registry was compared with what a connection's axis lists.
create table agency_sync (
  connection_id text not null references connection,
  synced_at timestamptz not null,
  listed integer not null,
  added integer not null,
  changed integer not null,
  primary key (connection_id, synced_at)
);
create table lane (
  connection_id text primary key references connection,
  paused boolean not null default false, -- nothing is sent or fetched until a person has acted
  health text not null default 'up' check (health in ('up', 'suspect', 'down')),
  failures integer not null default 0,
  next_at timestamptz not null default now(),
  reason text
);
create table system (
  id text primary key,
  name text not null,
  policy jsonb not null,
  created_at timestamptz not null default now()
);
-- One agency's arrivals wait in one mailbox.
create table system_agency (
  agency_id bigint primary key references agency,
  system_id text not null references system
);
create index on system_agency (system_id);

-- access ------------------------------------------------------------------------------------------------------------
create table person (
  id text primary key,
  name text not null,
  created_at timestamptz not null default now()
);
create table api_key (
  id text primary key,                -- the public part of the key
  hash bytea not null,                -- SHA-256 of the secret part
  role text not null check (role in ('system', 'administrator', 'operator', 'monitor')),
  system_id text references system,
  person_id text references person,
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  check (num_nonnulls(system_id, person_id) = 1)
);

-- blobs: attachment and packet bytes, content-addressed, in chunks of 1 MiB -------------------------------------------
create table blob (
  sha256 bytea primary key,
  size bigint not null,
  created_at timestamptz not null default now()
);
create table blob_chunk (
  sha256 bytea not null references blob,
  number integer not null,
  bytes bytea not null,
  primary key (sha256, number)
);
alter table blob_chunk alter column bytes set storage external;

-- outbound ----------------------------------------------------------------------------------------------------------
create table document (
  id uuid primary key,
  system_id text not null references system,
  agency_id bigint not null references agency,
  sender_code text not null,
  document_id text not null,          -- edXML DocumentId, verbatim
  bussiness_doc_type smallint not null,
  number text not null,
  notation text not null,
  promulgated_on date,
  subject text not null,
  header jsonb not null,              -- every field, as read
  identity bytea not null,            -- SHA-256 over field values and attachment hashes
  packet bytea references blob,       -- the bytes as submitted; null for metadata and files
  signature jsonb not null,           -- verdict on the packet signature of the hop from the system
  submitted_by text not null,
  submitted_at timestamptz not null,
  unique (agency_id, identity)
);
create index on document (agency_id, document_id);
create index on document (agency_id, promulgated_on); -- statuses that name a document by number, notation and date
create index on document (system_id, submitted_at);
create table document_attachment (
  document_id uuid not null references document,
  position smallint not null,         -- from 1, in manifest order
  content_id text not null,
  name text not null,                 -- safe to use as a file name
  original_name text not null,
  media_type text not null,
  description text,
  size bigint not null,
  sha256 bytea not null references blob,
  primary key (document_id, position)
);

-- A status that a system of ours (or the gateway, for 01) sends back for a hand-over.
create table status (
  id uuid primary key,
  hand_over_id uuid not null,
  code text not null,
  packet_fields jsonb not null,       -- the status packet's fields
  automatic boolean not null,
  reported_by text not null,
  reported_at timestamptz not null
);
create index on status (hand_over_id);

create table dispatch (
  id uuid primary key,
  sequence bigint generated always as identity,
  connection_id text not null references connection,
  document_id uuid references document,
  status_id uuid references status,
  order_key text not null,            -- dispatches with one key leave in their sequence
  state text not null check (state in ('waiting', 'sending', 'unknown', 'sent', 'refused', 'parked')),
  urgency smallint not null,          -- edXML Priority: 0 ordinary … 4
  due_on date,
  next_at timestamptz not null,
  patience_until timestamptz not null,
  lease_until timestamptz,
  attempts integer not null default 0,
  packet bytea references blob,       -- sealed, rendered, signed once; null until then
  reason text,                        -- why it waits, or came to its end
  created_at timestamptz not null,
  updated_at timestamptz not null,
  check (num_nonnulls(document_id, status_id) = 1),
  unique (document_id, connection_id),
  unique (status_id)
);
create index dispatch_waiting on dispatch (connection_id, urgency desc, due_on, sequence) where state = 'waiting';
create index dispatch_unfinished on dispatch (order_key, sequence) where state in ('waiting', 'sending', 'unknown');
create index dispatch_in_flight on dispatch (connection_id, lease_until) where state in ('sending', 'unknown');
create table attempt (
  dispatch_id uuid not null references dispatch,
  number integer not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text check (outcome in ('accepted', 'refused', 'unreachable', 'unknown', 'credentials')), -- null: under way
  axis_doc_id text,                   -- what the axis calls it
  reason text,
  primary key (dispatch_id, number)
);
create index on attempt (axis_doc_id) where axis_doc_id is not null;
create index attempt_unaccounted on attempt (started_at) where outcome is null or outcome = 'unknown'; -- may be on the axis

create table delivery (
  id uuid primary key,
  document_id uuid not null references document,
  dispatch_id uuid not null references dispatch,
  recipient_code text not null,
  agency_id bigint not null references agency,
  state text not null check (state in ('waiting', 'unknown', 'sent', 'refused', 'parked')),
  status text,                        -- the highest business status reported: 01 … 16
  updated_at timestamptz not null,
  unique (document_id, recipient_code)
);
create index on delivery (dispatch_id);
create table delivery_event (
  id bigint generated always as identity primary key,
  delivery_id uuid not null references delivery,
  at timestamptz not null,
  kind text not null,
  detail jsonb not null
);
create index on delivery_event (delivery_id, at, id);

-- inbound -----------------------------------------------------------------------------------------------------------
create table arrival (
  id uuid primary key,
  sequence bigint generated always as identity, -- in the order of the axis' list
  connection_id text not null references connection,
  axis_doc_id text not null,
  kind text not null check (kind in ('document', 'status')),
  state text not null check (state in ('stored', 'handed-on', 'duplicate', 'applied', 'unmatched', 'quarantined')),
  listed_from text,
  listed_to text,
  packet bytea not null references blob,
  fetched_at timestamptz not null,
  acknowledged_at timestamptz,        -- when the axis was told "done"
  next_at timestamptz not null,       -- when to judge it (again)
  lease_until timestamptz,
  attempts integer not null default 0,
  judged_at timestamptz,
  sender_code text,
  document_id text,
  bussiness_doc_type smallint,
  number text,
  notation text,
  promulgated_on date,
  subject text,
  header jsonb,
  identity bytea,
  follows uuid references arrival,    -- the first arrival with the same DocumentId and other content, whoever it was for
  signature jsonb,                    -- verdict on the packet signature
  seal jsonb,                         -- verdict on the seal
  warnings jsonb,
  reason jsonb,                       -- why it waits, is quarantined or unmatched: code, field, line
  unique (connection_id, kind, axis_doc_id)
);
create index arrival_unjudged on arrival (connection_id, sequence) where state = 'stored';
-- Hashed: what strangers write may be longer than a tree takes.
create index on arrival using hash (document_id);
create index on arrival using hash ((sender_code || ' ' || number || '/' || notation)) where promulgated_on is not null;
create table arrival_attachment (
  arrival_id uuid not null references arrival,
  position smallint not null,
  content_id text not null,
  name text not null,
  original_name text not null,
  media_type text not null,
  description text,
  size bigint not null,
  sha256 bytea not null references blob,
  primary key (arrival_id, position)
);
-- It waits for whichever system speaks for the agency, now or later.
create table hand_over (
  id uuid primary key,
  sequence bigint generated always as identity,
  arrival_id uuid not null references arrival,
  agency_id bigint not null references agency,
  agency_code text not null,          -- as the sender wrote it
  identity bytea not null,
  follows uuid references hand_over,  -- the agency's first one with the same DocumentId (or sender, date, number and notation) and other content
  state text not null check (state in ('waiting', 'acknowledged')),
  status text,                        -- the last status that went back
  created_at timestamptz not null,
  acknowledged_at timestamptz,
  unique (agency_id, identity)
);
create index hand_over_waiting on hand_over (agency_id, sequence) where state = 'waiting';
create index on hand_over (agency_id, sequence);
create index on hand_over (arrival_id);
alter table status add foreign key (hand_over_id) references hand_over;

-- systems: answers kept for Idempotency-Key -------------------------------------------------------------------------
create table idempotency (
  system_id text not null references system,
  key text not null,
  request_hash bytea not null,
  answer jsonb not null,
  created_at timestamptz not null,
  primary key (system_id, key)
);

-- audit and alarms --------------------------------------------------------------------------------------------------
create table audit_entry (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null
);
-- Each link's hash covers the entry and the hash before it. Made by one writer at a time, so that entries need not queue.
create table audit_link (
  position bigint primary key,
  entry_id bigint not null unique references audit_entry,
  hash bytea not null
);
create table alarm (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  kind text not null,
  subject text not null,
  text_vi text not null,
  text_en text not null,
  cleared_at timestamptz
);
create unique index alarm_open on alarm (kind, subject) where cleared_at is null;
