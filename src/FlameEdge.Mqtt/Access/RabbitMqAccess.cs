using System.Text;
using System.Text.RegularExpressions;

namespace FlameEdge.Mqtt.Access;

/// <summary>RabbitMQ's topic permissions, as a script of its tool: one expression for writing and one for reading per user.</summary>
internal sealed class RabbitMqAccess : IAccessWriter
{
    /// <summary>Where the MQTT plugin publishes.</summary>
    internal const string Exchange = "amq.topic";

    public string Product => "rabbitmq";

    public string Advice => "run it with sh where rabbitmqctl reaches the node, or let --apply do the same over its management plugin; it may be done again, and connected clients may keep former rights until they reconnect";

    public string Write(AccessList list)
    {
        var text = new StringBuilder("#!/bin/sh\n# FlameEdge: what is not listed is forbidden. A user is its certificate's common name (mqtt.ssl_cert_login, ssl_cert_login_from = common_name).\nset -e\n");
        foreach (var user in list.Users)
        {
            text.Append($"\nrabbitmqctl -q add_user {user.User} \"$(head -c 32 /dev/urandom | sha256sum | cut -c1-64)\" 2>/dev/null && rabbitmqctl -q clear_password {user.User} || true\n");
            var (configure, use) = OwnQueues(user.User);
            text.Append($"rabbitmqctl -q set_permissions {user.User} '{configure}' '{use}' '{use}'\n");
            text.Append($"rabbitmqctl -q set_topic_permissions {user.User} {Exchange} '{Expression(user.Write)}' '{Expression(user.Read)}'\n");
        }

        return text.ToString();
    }

    /// <summary>A client's subscriptions are queues named after its id, which is the user's name or begins with it and an underscore, which no name has.</summary>
    internal static (string Configure, string Use) OwnQueues(string user)
    {
        var queues = $"mqtt-subscription-{user}(_[a-z0-9]+)?qos[01]";
        return ($"^{queues}$", $"^(amq\\.topic|{queues})$");
    }

    /// <summary>One expression over routing keys, in which a level is a word. A filter's own wildcards reach the broker as <c>*</c> and <c>#</c>: the first may stand where any word may.</summary>
    internal static string Expression(IEnumerable<string> filters) => $"^({string.Join('|', filters.Select(Part))})$";

    private static string Part(string filter) => string.Join("\\.", filter.Split('/').Select(level => level switch
    {
        "+" => "[^.#]+",
        "#" => ".*",
        _ => Regex.Escape(level),
    }));
}
