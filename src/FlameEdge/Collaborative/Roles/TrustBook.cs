using System.Text.Json;
using FlameEdge.Collaborative.Directory;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A directory's durable memory: trust. Records need none, since sites send them again to a directory that has come back.</summary>
internal sealed class TrustBook(IStateStore state, WorkerId owner)
{
    private const string Collection = "trust";

    public async Task LoadAsync(HelperDirectory directory, CancellationToken cancellationToken)
    {
        if (await state.ReadAsync(Collection, owner.Value, cancellationToken) is { } json && JsonSerializer.Deserialize(json, TrustJson.Default.DictionaryStringDoubleArray) is { } counts)
        {
            directory.TrustCounts = counts;
        }
    }

    public async Task SaveAsync(HelperDirectory directory, CancellationToken cancellationToken) =>
        await state.CommitAsync([new StateChange(Collection, owner.Value, JsonSerializer.SerializeToUtf8Bytes(directory.TrustCounts, TrustJson.Default.DictionaryStringDoubleArray))], cancellationToken);
}

[System.Text.Json.Serialization.JsonSerializable(typeof(Dictionary<string, double[]>))]
internal sealed partial class TrustJson : System.Text.Json.Serialization.JsonSerializerContext;
