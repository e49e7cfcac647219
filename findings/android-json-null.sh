#!/usr/bin/env bash
# Android's JSONObject: a null of the answer is the text "null", a list goes out as the text "[a, b]", and a share that is an object comes out with other numbers.
#
# Android 10's org.json (Debian 12's libandroid-json-java 10.0.0+r36), Java 17; the peers gson 2.10 and jackson-databind 2.14.0 (Debian 12).
# Behaviour:
# - Of `{"backupSharePairId": null}` `getString` and `optString` give "null", four letters, also with a default (`optString(name, "")`). `isNull` says true.
#   gson's `getAsString` raises an error, jackson's `textValue` gives null.
# - `put(name, list)` and `put(name, array)`: `toString` writes the texts "[a, b]" and "[Ljava.lang.String;@…". No error. `new JSONObject(map)` with the
#   same list, and `new JSONArray(list)`, write a list.
# - `getString("share")` of a share that is an object gives a text, and not the one that came: 1.10 is 1.1, an integer beyond 64 bits is rounded
#   (1.2345678901234568E22), "/" is "\/".
# - `new JSONObject("{share: abc} and more")` is no error: names and texts without quotes are taken, and what follows is left.
#
# Who is hurt: an app for Android that reads the pair of a backup, and tells Portal that the pair "null" is stored, or sends a list of ids which the server
# refuses or, worse, takes as one id. Ask `isNull` first, wrap lists in `JSONArray`, and hand a share on as the text that came.
#
# Needs a JDK, and Debian 12's apt-get and dpkg-deb; nothing is installed.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
apt-get download -q -o APT::Sandbox::User=root libandroid-json-java libgoogle-gson-java libjackson2-databind-java libjackson2-core-java libjackson2-annotations-java >/dev/null
for package in *.deb; do dpkg-deb -x "$package" root; done
ls root/usr/share/java | grep -E "^(com.android.json-android-10.0.0|gson-2.10|jackson-databind-2.14.0).jar$"
jars=$(printf '%s:' com.android.json-android-10.0.0 gson jackson-databind jackson-core jackson-annotations | sed "s#\([^:]*\):#$dir/root/usr/share/java/\1.jar:#g")

cat >Run.java <<'JAVA'
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.gson.JsonParser;
import java.util.List;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;

public class Run {
    static void same(Object seen, Object expected) {
        System.out.println(seen);
        if (!expected.equals(seen)) throw new AssertionError("expected " + expected);
    }

    public static void main(String[] arguments) throws Exception {
        String text = "{\"backupSharePairId\":null,\"share\":{\"a\":1.10,\"b\":12345678901234567890123,\"c\":\"x/y\"}}";
        JSONObject answer = new JSONObject(text);
        same(answer.getString("backupSharePairId").length(), 4);
        same(answer.optString("backupSharePairId", ""), "null");
        same(answer.isNull("backupSharePairId"), true);
        try {
            JsonParser.parseString(text).getAsJsonObject().get("backupSharePairId").getAsString();
            throw new AssertionError("gson gave a text");
        } catch (UnsupportedOperationException refused) {
            System.out.println("gson: " + refused);
        }
        if (new ObjectMapper().readTree(text).get("backupSharePairId").textValue() != null) throw new AssertionError("jackson gave a text");

        List<String> list = List.of("a", "b");
        same(new JSONObject().put("ids", list).toString(), "{\"ids\":\"[a, b]\"}");
        same(new JSONObject().put("ids", list.toArray(new String[0])).toString().startsWith("{\"ids\":\"[Ljava.lang.String;@"), true);
        same(new JSONObject(Map.of("ids", list)).toString(), "{\"ids\":[\"a\",\"b\"]}");
        same(new JSONObject().put("ids", new JSONArray(list)).toString(), "{\"ids\":[\"a\",\"b\"]}");

        same(answer.getString("share"), "{\"a\":1.1,\"b\":1.2345678901234568E22,\"c\":\"x\\/y\"}");
        same(new JSONObject("{share: abc} and more").toString(), "{\"share\":\"abc\"}");
    }
}
JAVA
javac -cp "$jars" Run.java
java -cp "$jars$dir" Run
echo "as stated: org.json of Android 10, gson 2.10, jackson-databind 2.14.0"
