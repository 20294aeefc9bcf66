-- Up Migration
-- Which certificate may speak for which agency, since when, until when, and who said so. certificate_agency is not read any more: its
-- links are taken over here, and it stays for gateways of the version before that still run.

-- An upload of certificates: proposed with its differences, then approved as a whole, and perhaps taken back as a whole.
create table certificate_change (
  id uuid primary key,
  state text not null check (state in ('proposed', 'approved', 'rolled-back')),
  note text,
  entries jsonb not null,             -- the differences, as they were shown to who approved them
  unreadable jsonb not null,          -- files that could not be read, and why
  proposed_at timestamptz not null,
  proposed_by text not null,
  approved_at timestamptz,
  approved_by text,
  rolled_back_at timestamptz,
  rolled_back_by text
);
create index on certificate_change (proposed_at);

-- What was ever said of a certificate and an agency; the newest row counts. A link is ended by a row that says until when, never deleted.
create table certificate_link (
  id bigint generated always as identity primary key,
  fingerprint bytea not null references certificate,
  agency_id bigint not null references agency,
  valid_from timestamptz,             -- null: as long as the certificate itself
  valid_to timestamptz,               -- null: as long as the certificate itself; equal to valid_from: never, the link was a mistake
  source text not null check (source in ('setup', 'upload', 'rollback')),
  change_id uuid references certificate_change,
  approved_by text not null,
  approved_at timestamptz not null,
  check (valid_from <= valid_to),
  check ((source = 'setup') = (change_id is null))
);
create index on certificate_link (agency_id, fingerprint, id desc);
create index on certificate_link (fingerprint, agency_id, id desc);
create index on certificate_link (change_id) where change_id is not null;

insert into certificate_link (fingerprint, agency_id, source, approved_by, approved_at)
select l.fingerprint, l.agency_id, 'setup', 'lienthong apply', c.added_at
  from certificate_agency l join certificate c on c.fingerprint = l.fingerprint
 order by c.added_at, l.agency_id;

-- What was kept back since nobody knew its signer is found again by its signer.
create index arrival_quarantined on arrival (sequence) where state = 'quarantined';
