-- Up Migration
-- Revocation: what CAs have said of their certificates, kept as it came; where it is asked for; what was accepted before it was known.

-- What an administrator has set for trust as a whole, in one row. Without it every default holds.
create table trust_setting (
  only_one boolean primary key default true check (only_one),
  settings jsonb not null,
  changed_at timestamptz not null
);

-- Certificates that were met in a judgement and lead to a pinned root, CAs included: their revocation is followed.
create table certificate_seen (
  fingerprint bytea primary key,      -- SHA-256 of the DER
  der bytea not null,
  issuer bytea,                       -- fingerprint of the CA above it; null for a root
  issuer_name text not null,          -- comparable, as CRLs name it
  serial text not null,               -- hex, as CRLs name it
  revoked_since timestamptz,          -- told to a person, with the documents accepted since
  first_seen_at timestamptz not null,
  seen_at timestamptz not null        -- within a day
);
create index on certificate_seen using hash (issuer_name);

-- Every version of every CRL and OCSP answer whose signature held: the one at signing time is evidence (TT 15/2025/TT-BKHCN, art. 6).
create table revocation_answer (
  sequence bigint generated always as identity primary key, -- in the order of commits
  kind text not null check (kind in ('crl', 'ocsp')),
  answer bytea not null references blob,
  issuer_name text not null,          -- of the CA, comparable
  certificate bytea,                  -- what an OCSP answer is about: fingerprint
  scope text not null,                -- CRLs of one issuer and scope replace each other
  number numeric,                     -- of a CRL
  this_update timestamptz not null,
  next_update timestamptz,
  source text not null,               -- URL as it was asked, or the file it was imported from
  fetched_at timestamptz not null,
  check ((kind = 'ocsp') = (certificate is not null))
);
create unique index on revocation_answer (answer, coalesce(certificate, ''));
create index on revocation_answer (certificate, this_update desc) where certificate is not null;
create index on revocation_answer (issuer_name, scope, this_update desc) where kind = 'crl';

-- Where answers are asked for: a URL out of a certificate, and for OCSP the certificate that is asked about.
create table revocation_source (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('crl', 'ocsp')),
  url text not null,                  -- as the certificate has it, before any rewriting
  certificate bytea not null default '', -- OCSP: fingerprint
  etag text,
  last_modified text,
  tried_at timestamptz,
  outcome text,                       -- what came of the last try; null before the first
  detail text,
  ends_at timestamptz,                -- nextUpdate of the answer that was last got here
  failures integer not null default 0,
  next_at timestamptz not null,       -- when to ask (again); while it is asked, when that try is taken for dead
  unique (kind, url, certificate)
);
create index on revocation_source (next_at);
create index on revocation_source (certificate) where certificate <> '';

-- Arrivals that passed although an answer was missing, or whose signer turned out to be revoked by then.
create table arrival_recheck (
  arrival_id uuid primary key references arrival,
  state text not null check (state in ('waiting', 'good', 'revoked', 'unanswered')),
  missing text[] not null,            -- fingerprints (hex) of the certificates nobody could tell of
  accepted_until timestamptz not null, -- acceptHours after the receipt: without an answer by then a person hears of it
  next_at timestamptz not null,
  checked_at timestamptz,
  verdicts jsonb                      -- as they were at the last check
);
create index arrival_recheck_due on arrival_recheck (next_at) where state in ('waiting', 'unanswered');
create index arrival_recheck_missing on arrival_recheck using gin (missing) where state in ('waiting', 'unanswered');

-- Which certificates each verdict rests on: asked when one of them turns out revoked.
create index arrival_signature_chain on arrival using gin (jsonb_path_query_array(signature, '$.chain[*].fingerprint')) where signature is not null;
create index arrival_seal_chain on arrival using gin (jsonb_path_query_array(seal, '$.chain[*].fingerprint')) where seal is not null;
create index document_signature_chain on document using gin (jsonb_path_query_array(signature, '$.chain[*].fingerprint'));
