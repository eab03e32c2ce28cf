-- A removed channel stays for the history of its messages.
ALTER TABLE "channels" ADD COLUMN "removed_at" TIMESTAMPTZ(3);
