using System.Security;
using System.Text;

namespace FlameEdge.Mqtt.Access;

/// <summary>The roles and users of HiveMQ's file role based access control extension.</summary>
internal sealed class HiveMqAccess : IAccessWriter
{
    public string Product => "hivemq";

    public string Advice => "put the file in the place of extensions/hivemq-file-rbac-extension/conf/credentials.xml and add a password to every user";

    public string Write(AccessList list)
    {
        var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<file-rbac>\n  <users>\n");
        foreach (var user in list.Users)
        {
            text.Append($"    <user><name>{user.User}</name><password></password><roles><id>{user.User}</id></roles></user>\n");
        }

        text.Append("  </users>\n  <roles>\n");
        foreach (var user in list.Users)
        {
            text.Append($"    <role>\n      <id>{user.User}</id>\n      <permissions>\n");
            Append(text, user.Write, "PUBLISH");
            Append(text, user.Read, "SUBSCRIBE");
            text.Append("      </permissions>\n    </role>\n");
        }

        return text.Append("  </roles>\n</file-rbac>\n").ToString();
    }

    private static void Append(StringBuilder text, IEnumerable<string> filters, string activity)
    {
        foreach (var filter in filters)
        {
            text.Append($"        <permission><topic>{SecurityElement.Escape(filter)}</topic><activity>{activity}</activity></permission>\n");
        }
    }
}
