using System.Text;
using System.Text.Json;

namespace FlameEdge.Mqtt.Access;

/// <summary>Commands for mosquitto's dynamic security plugin: one role and one client per user, without passwords, because certificates identify.</summary>
public sealed class DynamicSecurityAccess : IAccessWriter
{
    /// <summary>The topic the plugin takes commands on.</summary>
    public const string CommandTopic = "$CONTROL/dynamic-security/v1";

    /// <summary>The topic it answers on.</summary>
    public const string AnswerTopic = CommandTopic + "/response";

    /// <inheritdoc/>
    public string Product => "mosquitto-dynsec";

    /// <inheritdoc/>
    public string Advice => $"publish it on {CommandTopic} as an administrator, or let --apply do so; 'already exists' in the answers is in order";

    /// <inheritdoc/>
    public string Write(AccessList list)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteStartArray("commands");
            foreach (var user in list.Users)
            {
                var role = $"flameedge-{user.User}";
                Command(json, "createRole", role, null, null);
                Command(json, "modifyRole", role, null, user);
                Command(json, "createClient", null, user.User, null);
                Command(json, "modifyClient", role, user.User, null);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    /// <summary>Creating fails where it exists and changes nothing; modifying then says what it should be.</summary>
    private static void Command(Utf8JsonWriter json, string command, string? role, string? client, UserAccess? access)
    {
        json.WriteStartObject();
        json.WriteString("command", command);
        if (client is not null)
        {
            json.WriteString("username", client);
            if (role is not null)
            {
                json.WriteStartArray("roles");
                json.WriteStartObject();
                json.WriteString("rolename", role);
                json.WriteEndObject();
                json.WriteEndArray();
            }
        }
        else
        {
            json.WriteString("rolename", role);
        }

        if (access is not null)
        {
            json.WriteStartArray("acls");
            Acls(json, "publishClientSend", access.Write);
            Acls(json, "publishClientReceive", access.Read);
            Acls(json, "subscribePattern", access.Read);
            Acls(json, "unsubscribePattern", ["#"]);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Acls(Utf8JsonWriter json, string type, IEnumerable<string> filters)
    {
        foreach (var filter in filters)
        {
            json.WriteStartObject();
            json.WriteString("acltype", type);
            json.WriteString("topic", filter);
            json.WriteBoolean("allow", value: true);
            json.WriteEndObject();
        }
    }
}
