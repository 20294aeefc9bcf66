-- Up Migration
-- PDFs on their way out: the verdict on each as it was submitted, and the agency's signature where it was asked for.
alter table document_attachment add column pdf jsonb; -- verdict on a PDF as it was submitted; null: no PDF, or taken in before

-- The image of an agency's seal, which its signature shows (Decree 30/2020/NĐ-CP, appendix I).
create table agency_seal (
  agency_id bigint primary key references agency,
  png bytea not null,
  width_mm real not null
);

-- One file that the agency signs. Every dispatch of its document waits until it is finished; from then on nothing of it changes,
-- but where the key turns out to be revoked before anything has left.
create table pdf_signing (
  document_id uuid not null,
  position smallint not null,
  request jsonb not null,             -- as what it is signed, where, and the form of a copy
  leader_field text,                  -- the form field of the leader's signature that the seal is laid over
  wanted text not null check (wanted in ('B-B', 'B-T', 'B-LT')),
  state text not null check (state in ('waiting', 'signed', 'finished')),
  level text check (level in ('B-B', 'B-T', 'B-LT')), -- reached; null: not signed yet
  increment bytea,                    -- what the signature appends to the file as submitted
  work jsonb,                         -- what the next step needs of the signature beside it
  signed_by bytea,                    -- SHA-256 of the certificate
  signed_at timestamptz,
  sha256 bytea references blob,       -- the finished file
  verdict jsonb,                      -- our own, on the finished file
  next_at timestamptz not null,
  lease_until timestamptz,            -- until then one gateway works on it
  attempts integer not null default 0,
  reason text,                        -- why it waits, or stopped below the level that was wanted
  primary key (document_id, position),
  foreign key (document_id, position) references document_attachment,
  check ((state = 'waiting') = (increment is null)),
  check ((state = 'waiting') = (signed_by is null)),
  check ((state = 'finished') = (sha256 is not null))
);
alter table pdf_signing alter column increment set storage external;
create index pdf_signing_unfinished on pdf_signing (next_at) where state <> 'finished';
create index on pdf_signing (signed_by) where signed_by is not null;

-- All dispatches of a document send the same files: none is taken up before the last of them is signed.
alter table dispatch add column has_files boolean not null default true;
drop index dispatch_waiting;
create index dispatch_waiting on dispatch (connection_id, urgency desc, due_on, sequence) where state = 'waiting' and has_files;
