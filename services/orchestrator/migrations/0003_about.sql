-- Webhooks about one ticket are one piece of work.

-- The ticket that a webhook of the ticket system is about; none in those of other systems, and in those that came before.
ALTER TABLE inbox ADD COLUMN about INTEGER;
