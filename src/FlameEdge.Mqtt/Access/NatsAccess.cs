using System.Text;

namespace FlameEdge.Mqtt.Access;

/// <summary>The users of a NATS server: a level of a topic is a word of a subject, and whoever uses MQTT there needs some of its inner subjects.</summary>
internal sealed class NatsAccess : IAccessWriter
{
    public string Product => "nats";

    public string Advice => "include the file in the server's configuration, with verify_and_map in the tls block of mqtt; nats-server --signal reload reads it again";

    public string Write(AccessList list)
    {
        var text = new StringBuilder("# FlameEdge: what is not listed is forbidden. A user is its certificate's subject, as verify_and_map has it.\nauthorization {\n  users = [\n");
        foreach (var user in list.Users)
        {
            text.Append($"    {{ user: \"CN={user.User}\", permissions: {{\n");
            text.Append($"      publish: {{ allow: [{Subjects(user.Write)}] }}\n");

            // With QoS 1 a subscription is fed from a stream of the server's over subjects of its own.
            text.Append($"      subscribe: {{ allow: [{Subjects(user.Read)}, \"$MQTT.sub.>\"] }}\n    }} }}\n");
        }

        return text.Append("  ]\n}\n").ToString();
    }

    /// <summary>A filter in the server's words.</summary>
    internal static string Subject(string filter) => filter.Replace('/', '.').Replace('+', '*').Replace('#', '>');

    private static string Subjects(IEnumerable<string> filters) => string.Join(", ", filters.Select(filter => $"\"{Subject(filter)}\""));
}
