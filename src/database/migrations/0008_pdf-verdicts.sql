-- Up Migration
-- The signatures inside PDF attachments: the verdict on each file, what an agency makes of it, and documents that a person has to decide on.

alter table arrival_attachment add column pdf jsonb; -- the verdict on it as it was received; null: no PDF, or judged by an earlier version

-- How the worst of its PDFs stands, where a list shows it; null: it has none, or was judged by an earlier version.
alter table arrival add column pdf text check (pdf in ('valid', 'unsigned', 'undecided', 'invalid'));

-- What becomes of arrivals, and of what the agency submits, by the verdict on their PDFs; null: as the connection says.
alter table agency add column pdf_policy jsonb;

-- held: not in the mailbox until a person releases it. refused: it never was, and status 02 has gone back.
alter table hand_over
  drop constraint hand_over_state_check,
  add constraint hand_over_state_check check (state in ('waiting', 'acknowledged', 'held', 'refused')),
  add column reason jsonb,            -- why it was held or refused: the files, by number and name, and the codes
  add column decided_at timestamptz,  -- when a person released or refused it
  add column decided_by text,
  add check ((decided_at is null) = (decided_by is null)),
  add check (state not in ('held', 'refused') or reason is not null);
create index hand_over_held on hand_over (sequence) where state = 'held';

-- Which certificates the PDFs' verdicts rest on: asked when one of them turns out revoked.
create index arrival_attachment_pdf_chain on arrival_attachment using gin (jsonb_path_query_array(pdf, '$.signatures[*] ? (exists (@.signer)).chain[*].fingerprint')) where pdf is not null;
