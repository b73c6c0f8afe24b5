-- Of a webhook of the ticket system only counts, and only is kept, which ticket it is about.
ALTER TABLE inbox ADD COLUMN ticket_id INTEGER;
