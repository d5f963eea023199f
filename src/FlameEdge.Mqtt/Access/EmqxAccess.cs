using System.Text;

namespace FlameEdge.Mqtt.Access;

/// <summary>EMQX's <c>acl.conf</c>: Erlang terms, the first that fits decides.</summary>
internal sealed class EmqxAccess : IAccessWriter
{
    public string Product => "emqx";

    public string Advice => "put the file in the place of etc/acl.conf, with authorization.no_match = deny and the certificate's common name as user";

    public string Write(AccessList list)
    {
        var text = new StringBuilder("%% FlameEdge: what is not listed is forbidden.\n");
        foreach (var user in list.Users)
        {
            text.Append($"{{allow, {{username, \"{user.User}\"}}, publish, [{Quoted(user.Write)}]}}.\n");
            text.Append($"{{allow, {{username, \"{user.User}\"}}, subscribe, [{Quoted(user.Read)}]}}.\n");
        }

        return text.Append("{deny, all}.\n").ToString();
    }

    private static string Quoted(IEnumerable<string> filters) => string.Join(", ", filters.Select(filter => $"\"{filter}\""));
}
