using System.Text.Json;
using System.Text.Json.Serialization;
using FlameEdge.Collaborative.Directory;
using FlameEdge.Collaborative.Snapshots;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;

namespace FlameEdge.Collaborative.Roles;

/// <summary>A site's durable memory: its rows, network, specialists and counts in one blob, named by a document that is committed after it.</summary>
/// <remarks>What is remembered last is whole, whenever the process dies: the blob before it is removed only when the document no longer names it.</remarks>
internal sealed class SiteMemory(IStateStore state, WorkerId owner)
{
    /// <summary>The collection of the documents, one per site.</summary>
    public const string Collection = "sites";

    // 1, or none said: no other form was ever released. What another program wrote differently must not be taken for damage.
    private const int Format = 1;

    private string? blob;

    /// <summary>Brings a fresh site to where it was; false where nothing is remembered.</summary>
    /// <exception cref="StateException">What is stored belongs to another job, is of a later form, or its file is gone.</exception>
    public async Task<bool> RecallAsync(ISite site, HelperDirectory? directory, CancellationToken cancellationToken)
    {
        if (await state.ReadAsync(Collection, owner.Value, cancellationToken) is not { } json)
        {
            return false;
        }

        var entry = JsonSerializer.Deserialize(json, SiteMemoryJson.Default.StoredSite);
        if (entry?.Format > Format)
        {
            throw new StateException($"what {owner} remembered was written by a later version of FlameEdge (format {entry.Format}, this one knows {Format}); run that one, or start in another folder, and it learns anew");
        }

        blob = entry?.Blob;
        var bytes = blob is null ? null : await state.BlobsOf(owner).ReadAsync(blob, cancellationToken);
        site.Read(new SnapshotReader(bytes ?? throw new StateException($"what {owner} remembered is damaged; start it in another folder, and it learns anew")));
        if (directory is not null && entry!.Trust is { } trust) // Read above.
        {
            directory.TrustCounts = trust;
        }

        return true;
    }

    /// <summary>Makes what the site is now durable.</summary>
    public async Task KeepAsync(ISite site, HelperDirectory? directory, CancellationToken cancellationToken)
    {
        var writer = new SnapshotWriter();
        site.Write(writer);
        var latest = await state.BlobsOf(owner).PutAsync(writer.Bytes, cancellationToken);
        var entry = new StoredSite(latest, site.Batches, directory?.TrustCounts, Format);
        await state.CommitAsync([new StateChange(Collection, owner.Value, JsonSerializer.SerializeToUtf8Bytes(entry, SiteMemoryJson.Default.StoredSite), IsManifest: true)], cancellationToken);
        if (blob is { } former && former != latest)
        {
            await state.BlobsOf(owner).DeleteAsync(former, cancellationToken);
        }

        blob = latest;
    }
}

/// <summary>Where a site's memory is.</summary>
/// <param name="Blob">The file.</param>
/// <param name="Batches">Batches learned when it was written.</param>
/// <param name="Trust">Trust in helpers, where the site ranks by itself.</param>
/// <param name="Format">Of the file; 0 where none is said.</param>
internal sealed record StoredSite(string Blob, long Batches, Dictionary<string, double[]>? Trust, int Format = 0);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(StoredSite))]
internal sealed partial class SiteMemoryJson : JsonSerializerContext;
