-- Up Migration
-- Keys the gateway signs with: several for an agency, each with the moment it begins, and which of them signed each packet.

alter table signer
  add column kind text not null default 'pem' check (kind in ('pem', 'pkcs12', 'pkcs11', 'remote')),
  add column padding text not null default 'pkcs1' check (padding in ('pkcs1', 'pss')), -- of RSA keys
  add column active_from timestamptz,  -- null: from the beginning
  add column added_at timestamptz not null default now(),
  add column retired_at timestamptz,   -- it never signs again
  add column retired_reason text check (retired_reason in ('compromised', 'revoked')),
  add check ((retired_at is null) = (retired_reason is null)),
  drop constraint signer_pkey,
  add primary key (agency_id, fingerprint);
comment on column signer.sealed_key is 'envelope-encrypted: a PEM key itself; of other kinds what reaches the key, as JSON';
create index on signer (fingerprint);

-- Whose signature, and seal, the packet carries. What is asked of a key that is not safe any more.
alter table dispatch
  add column signed_by bytea,          -- SHA-256 of the certificate; null: not signed yet, or never
  add column signed_at timestamptz,
  add check ((signed_by is null) = (signed_at is null));
create index dispatch_signed on dispatch (signed_by, signed_at) where signed_by is not null;

-- Until now an agency had one key. One that was replaced before stays unnamed: its packets count as the present key's.
update dispatch d set signed_by = s.fingerprint, signed_at = (select min(a.started_at) from attempt a where a.dispatch_id = d.id)
  from signer s
 where d.packet is not null
   and exists (select from attempt a where a.dispatch_id = d.id)
   and s.agency_id = coalesce((select o.agency_id from document o where o.id = d.document_id),
                              (select h.agency_id from status t join hand_over h on h.id = t.hand_over_id where t.id = d.status_id));
