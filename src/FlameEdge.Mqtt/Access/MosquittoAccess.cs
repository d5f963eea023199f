using System.Text;

namespace FlameEdge.Mqtt.Access;

/// <summary>mosquitto's <c>acl_file</c>. Reading is judged there at every delivery, not when somebody subscribes.</summary>
internal sealed class MosquittoAccess : IAccessWriter
{
    public string Product => "mosquitto";

    public string Advice => "name the file with acl_file in mosquitto.conf; a running mosquitto reads it again after kill -HUP";

    public string Write(AccessList list)
    {
        var text = new StringBuilder("# FlameEdge: what is not listed is forbidden. With use_identity_as_username a user is its certificate's common name.\n");
        foreach (var user in list.Users)
        {
            text.Append($"\nuser {user.User}\n");
            foreach (var filter in user.Write)
            {
                text.Append($"topic write {filter}\n");
            }

            foreach (var filter in user.Read)
            {
                text.Append($"topic read {filter}\n");
            }
        }

        return text.ToString();
    }
}
