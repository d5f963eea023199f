using System.Buffers;
using System.Security.Cryptography;
using FlameEdge.Diagnostics;
using FlameEdge.Files;

namespace FlameEdge.State;

/// <summary>Blobs as files of one folder, each named by its SHA-256.</summary>
public sealed class FileBlobStore : IBlobStore
{
    // Below it a copy is cheaper than a mapping.
    private const int MappedAboveBytes = 1024 * 1024;

    private readonly string folder;

    /// <summary>Opens or creates the folder and sweeps what an interrupted write left.</summary>
    /// <exception cref="StateException">The folder cannot be created.</exception>
    public FileBlobStore(string folder)
    {
        this.folder = folder;
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var leftover in Directory.EnumerateFiles(folder, "*.tmp"))
            {
                DurableFile.TryDelete(leftover);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new StateException($"the folder {folder} cannot be used: {error.Message.TrimEnd('.')}. Choose another with --out.", error);
        }
    }

    /// <inheritdoc/>
    public ValueTask<string> PutAsync(ReadOnlySequence<byte> content, CancellationToken cancellationToken)
    {
        var body = MappedBody.Of(content);
        var hash = body?.Sha256 ?? HashOf(content);
        var path = PathOf(hash);
        if (File.Exists(path) || (body is { Path: { } from } && DurableFile.TryRename(body.File, from, path)))
        {
            // What arrived in a file becomes the blob itself: nothing is copied.
            return new(hash);
        }

        DurableFile.Write(path, content);

        return new(hash);
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]?> ReadAsync(string hash, CancellationToken cancellationToken)
    {
        try
        {
            var bytes = await File.ReadAllBytesAsync(PathOf(hash), cancellationToken);
            if (Convert.ToHexStringLower(SHA256.HashData(bytes)) == hash)
            {
                return bytes;
            }

            // Torn by a failing disk: as good as absent, and in the way of a new copy.
            DurableFile.TryDelete(PathOf(hash));
            return null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask<BlobContent?> OpenAsync(string hash, CancellationToken cancellationToken)
    {
        var path = PathOf(hash);
        if (!File.Exists(path) || new FileInfo(path).Length <= MappedAboveBytes)
        {
            return await ReadAsync(hash, cancellationToken) is { } bytes ? new BlobContent(new ReadOnlySequence<byte>(bytes)) : null;
        }

        var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
        var body = new MappedBody(file, RandomAccess.GetLength(file));
        var content = new BlobContent(body.ToSequence(), body, file);
        if (HashOf(content.Bytes) == hash)
        {
            return content;
        }

        content.Dispose();
        DurableFile.TryDelete(path);
        return null;
    }

    /// <inheritdoc/>
    public ValueTask DeleteAsync(string hash, CancellationToken cancellationToken)
    {
        DurableFile.TryDelete(PathOf(hash));
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken) =>
        new([.. Directory.EnumerateFiles(folder).Select(path => Path.GetFileName(path)).Where(IsHash)]);

    private static string HashOf(ReadOnlySequence<byte> content)
    {
        using var hasher = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var segment in content)
        {
            hasher.AppendData(segment.Span);
        }

        return Convert.ToHexStringLower(hasher.GetHashAndReset());
    }

    private static bool IsHash(string? name) => name is { Length: 64 } && name.All(char.IsAsciiHexDigitLower);

    private string PathOf(string hash) =>
        IsHash(hash) ? Path.Combine(folder, hash) : throw new ArgumentException($"'{hash}' is not a SHA-256 in lower-case hex", nameof(hash));
}
