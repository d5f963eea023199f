using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Text;
using FlameEdge.Diagnostics;
using FlameEdge.State;
using FlameEdge.Topology;
using LiteDB;
using Microsoft.Extensions.Logging;

namespace FlameEdge.LiteDb;

/// <summary>
/// State in a folder: <c>state.db</c> (LiteDB) for documents, <c>blobs/{worker}/</c> for content, <c>manifests/</c> for what a broken database is rebuilt from,
/// <c>lock</c> against a second process.
/// </summary>
/// <remarks>
/// LiteDB corrupts its pages under concurrent writers and returns from a commit before the pages are on disk. So there is one writer, only the
/// BsonDocument API is used (it also works ahead of time compiled), and every commit ends with a checkpoint.
/// </remarks>
public sealed partial class LiteDbStateStore : IStateStore
{
    private const string Id = "_id";
    private const string Text = "json";
    private const string Sum = "xxh3";
    private readonly SemaphoreSlim writer = new(1, 1);
    private readonly FileStream lockFile;
    private readonly ManifestFolder manifests;
    private readonly LiteDatabase database;
    private readonly string folder;
    private readonly ConcurrentDictionary<WorkerId, FileBlobStore> blobs = new();

    private LiteDbStateStore(FileStream lockFile, ManifestFolder manifests, LiteDatabase database, string folder)
    {
        this.lockFile = lockFile;
        this.manifests = manifests;
        this.database = database;
        this.folder = folder;
    }

    /// <inheritdoc/>
    public IBlobStore BlobsOf(WorkerId worker) => blobs.GetOrAdd(worker, static (name, folder) => new FileBlobStore(Path.Combine(folder, "blobs", name.Value)), folder);

    /// <summary>Opens or creates the state of <paramref name="folder"/>. A database that cannot be read is set aside as <c>state.db.broken-n</c> and rebuilt.</summary>
    /// <exception cref="StateException">The folder cannot be written, or another process holds it.</exception>
    public static LiteDbStateStore Open(string folder, ILogger logger)
    {
        var lockFile = Lock(folder);
        try
        {
            var manifests = new ManifestFolder(Path.Combine(folder, "manifests"));
            manifests.Sweep();
            var path = Path.Combine(folder, "state.db");
            return new LiteDbStateStore(lockFile, manifests, OpenOrRebuild(path, manifests, logger), folder);
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> ReadAsync(string collection, string key, CancellationToken cancellationToken)
    {
        await writer.WaitAsync(cancellationToken);
        try
        {
            return database.GetCollection(collection).FindById(key) is { } document ? Json(document) : null;
        }
        finally
        {
            writer.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<KeyValuePair<string, byte[]>>> ListAsync(string collection, CancellationToken cancellationToken)
    {
        await writer.WaitAsync(cancellationToken);
        try
        {
            return [.. database.GetCollection(collection).FindAll().Select(document => KeyValuePair.Create(document[Id].AsString, Json(document)))];
        }
        finally
        {
            writer.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask CommitAsync(IReadOnlyList<StateChange> changes, CancellationToken cancellationToken)
    {
        await writer.WaitAsync(cancellationToken);
        try
        {
            // A manifest may be older than its row, never newer, and never of a row that is gone: what it lacks is what the database tells.
            manifests.Apply(changes.Where(change => change is { IsManifest: true, Document: null }));
            CrashPoint.Reach("state-before-commit");
            Apply(database, changes);
            CrashPoint.Reach("state-after-commit");
            manifests.Apply(changes.Where(change => change is { IsManifest: true, Document: not null }));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LiteException)
        {
            throw new StateException($"the state cannot be written: {error.Message.TrimEnd('.')}. Free space or give the process write access to its folder, then run again with --resume.", error);
        }
        finally
        {
            writer.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await writer.WaitAsync();
        try
        {
            database.Dispose();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or LiteException)
        {
            // Closing wants to tidy up on a disk that may be full; everything committed has been checkpointed already.
        }
        finally
        {
            await lockFile.DisposeAsync();
            writer.Dispose();
        }
    }

    private static FileStream Lock(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the state folder {folder} cannot be made: {error.Message.TrimEnd('.')}. Give the process write access there, free space, or choose another folder with --out.", error);
        }

        var path = Path.Combine(folder, "lock");
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.None);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the state folder {folder} cannot be locked: {error.Message.TrimEnd('.')}. Stop the other process that uses it, or choose another with --out.", error);
        }
    }

    private static LiteDatabase OpenOrRebuild(string path, ManifestFolder manifests, ILogger logger)
    {
        try
        {
            return OpenAndVerify(path, manifests.ReadAll());
        }
        catch (UnauthorizedAccessException error)
        {
            throw new StateException($"{path} cannot be opened: {error.Message.TrimEnd('.')}. Give the process write access to it.", error);
        }
        catch (IOException error) when (error is not EndOfStreamException)
        {
            throw new StateException($"{path} cannot be opened: {error.Message.TrimEnd('.')}. Free space or choose another folder with --out.", error);
        }
        catch (Exception error)
        {
            // LiteDB answers damage with whatever its page reader trips over.
            var aside = SetAside(path);
            LogRebuilt(logger, path, aside, error.Message);
            var database = OpenAndVerify(path, []);
            Apply(database, manifests.ReadAll());
            return database;
        }
    }

    private static LiteDatabase OpenAndVerify(string path, IReadOnlyList<StateChange> mustHold)
    {
        var database = new LiteDatabase(new ConnectionString { Filename = path, Connection = ConnectionType.Direct });
        try
        {
            foreach (var collection in database.GetCollectionNames().ToArray())
            {
                foreach (var document in database.GetCollection(collection).FindAll())
                {
                    Json(document);
                }
            }

            return mustHold.All(manifest => database.GetCollection(manifest.Collection).FindById(manifest.Key) is not null)
                ? database
                : throw new InvalidDataException("a row that a manifest stands for is gone");
        }
        catch
        {
            database.Dispose();
            throw;
        }
    }

    // LiteDB has no page checksums: a flipped bit inside a text would otherwise be believed.
    private static byte[] Json(BsonDocument document)
    {
        var json = Encoding.UTF8.GetBytes(document[Text].AsString);
        return document[Sum].IsInt64 && document[Sum].AsInt64 == Checksum(document[Id].AsString, json)
            ? json
            : throw new InvalidDataException("a row does not match its checksum");
    }

    private static long Checksum(string key, ReadOnlySpan<byte> json) =>
        (long)XxHash3.HashToUInt64(json, (long)XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(key)));

    private static string SetAside(string path)
    {
        var number = 1;
        while (File.Exists($"{path}.broken-{number}"))
        {
            number++;
        }

        var aside = $"{path}.broken-{number}";
        File.Move(path, aside);
        var log = Path.ChangeExtension(path, null) + "-log.db";
        if (File.Exists(log))
        {
            File.Move(log, $"{log}.broken-{number}");
        }

        return aside;
    }

    private static void Apply(LiteDatabase database, IReadOnlyList<StateChange> changes)
    {
        if (changes.Count == 0)
        {
            return;
        }

        database.BeginTrans();
        try
        {
            foreach (var change in changes)
            {
                var collection = database.GetCollection(change.Collection);
                if (change.Document is { } document)
                {
                    collection.Upsert(new BsonDocument
                    {
                        [Id] = change.Key,
                        [Text] = Encoding.UTF8.GetString(document.Span),
                        [Sum] = Checksum(change.Key, document.Span),
                    });
                }
                else
                {
                    collection.Delete(change.Key);
                }
            }

            database.Commit();
        }
        catch
        {
            database.Rollback();
            throw;
        }

        database.Checkpoint();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} could not be read ({Cause}); it was set aside as {Aside} and rebuilt from the manifests beside it")]
    private static partial void LogRebuilt(ILogger logger, string path, string aside, string cause);
}
