from django.db import migrations

# A foreign key is checked once for each row, which doubled the time of a COPY of candles. The same promise is kept
# by one check for each statement, and by refusing to remove an instrument that has candles.
FORWARD = """
ALTER TABLE market_candle DROP CONSTRAINT market_candle_instrument_id_fkey;

CREATE FUNCTION market_candle_instrument_known() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT id FROM market_instrument
                              WHERE id IN (SELECT DISTINCT instrument_id FROM fresh) FOR KEY SHARE) AS known)
       < (SELECT count(DISTINCT instrument_id) FROM fresh) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'a candle must belong to an instrument', CONSTRAINT = 'market_candle_instrument_known';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER market_candle_instrument_known AFTER INSERT ON market_candle
    REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION market_candle_instrument_known();

CREATE FUNCTION market_candle_instrument_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE integrity_constraint_violation USING
        MESSAGE = 'a candle keeps its instrument', CONSTRAINT = 'market_candle_instrument_fixed';
END $$;
CREATE TRIGGER market_candle_instrument_fixed BEFORE UPDATE OF instrument_id ON market_candle
    FOR EACH ROW EXECUTE FUNCTION market_candle_instrument_fixed();

CREATE FUNCTION market_instrument_with_candles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM market_candle WHERE instrument_id = OLD.id) THEN
        RAISE foreign_key_violation USING
            MESSAGE = 'an instrument with candles stays', CONSTRAINT = 'market_instrument_with_candles';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER market_instrument_with_candles BEFORE DELETE OR UPDATE OF id ON market_instrument
    FOR EACH ROW EXECUTE FUNCTION market_instrument_with_candles();
"""
BACKWARD = """
DROP TRIGGER market_instrument_with_candles ON market_instrument;
DROP FUNCTION market_instrument_with_candles();
DROP TRIGGER market_candle_instrument_fixed ON market_candle;
DROP FUNCTION market_candle_instrument_fixed();
DROP TRIGGER market_candle_instrument_known ON market_candle;
DROP FUNCTION market_candle_instrument_known();
ALTER TABLE market_candle ADD CONSTRAINT market_candle_instrument_id_fkey
    FOREIGN KEY (instrument_id) REFERENCES market_instrument (id);
"""


class Migration(migrations.Migration):

    dependencies = [("market", "0001_market_tables")]

    operations = [migrations.RunSQL(FORWARD, reverse_sql=BACKWARD)]
