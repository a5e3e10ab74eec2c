-- The order of the alphabet: compare the keys with COLLATE "C". Indexes hold them (sql/086_flat_reads.sql): a change of this
-- function needs a migration that rebuilds these.
--
-- Letters become characters that nobody writes names with (IPA), in the order of the alphabet and without case. The
-- script of the reader comes first, other scripts follow in the order of Unicode. Marks over Latin letters are
-- ignored, and so is the one over Cyrillic Yo.

CREATE OR REPLACE FUNCTION alphabet_key(name text, language text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    small CONSTANT text := 'абвгґдеєжзиіїйклмнопрстуўфхцчшщъыьэюя';
    capitals CONSTANT text := 'АБВГҐДЕЄЖЗИІЇЙКЛМНОПРСТУЎФХЦЧШЩЪЫЬЭЮЯ';
    places CONSTANT text := 'ɐɑɒɓɔɕɖɗɘəɚɛɜɝɞɟɠɡɢɣɤɥɦɧɨɩɪɫɬɭɮɯɰɱɲɳɴɵɶɷɸɹɺɻɼɽɾɿʀʁʂʃʄʅʆʇʈʉʊʋʌʍʎ';
    is_latin_first CONSTANT boolean := language = 'en';
    cyrillic_places CONSTANT text := substr(places, CASE WHEN is_latin_first THEN 27 ELSE 1 END, 37);
    latin_places CONSTANT text := substr(places, CASE WHEN is_latin_first THEN 1 ELSE 38 END, 26);
    ordered text := translate(normalize(name, NFC), 'Ёё’ʼ', 'Ее''''');
BEGIN
    ordered := translate(ordered, small || capitals, cyrillic_places || cyrillic_places);
    ordered := regexp_replace(normalize(ordered, NFD), '[\u0300-\u036f]', '', 'g');
    ordered := translate(ordered, 'ĐđŁłØøıß', 'DdLlOois');
    RETURN translate(
        ordered,
        'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ',
        latin_places || latin_places
    );
END
$$;
