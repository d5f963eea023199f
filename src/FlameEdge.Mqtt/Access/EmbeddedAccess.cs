using System.Text.Json;

namespace FlameEdge.Mqtt.Access;

/// <summary>The embedded broker's access file: the list itself as JSON.</summary>
internal sealed class EmbeddedAccess : IAccessWriter
{
    public string Product => "embedded";

    public string Advice => "give the file to the embedded broker (EmbeddedBrokerOptions.Access)";

    public string Write(AccessList list) => JsonSerializer.Serialize(list, AccessJson.Default.AccessList) + "\n";
}
