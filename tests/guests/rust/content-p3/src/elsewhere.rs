// SPDX-License-Identifier: Apache-2.0
//! Content without an interface of its own, over WASI 0.3: as files, and by URL.

use wasip3::filesystem::preopens::get_directories;
use wasip3::filesystem::types::{Descriptor, DescriptorFlags, DescriptorType, OpenFlags, PathFlags};
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Response, Scheme};
use wit_bindgen::StreamResult;

/// The folder of a path that begins with one that is granted, and the rest.
fn folder(path: &str) -> (Descriptor, String) {
    for (folder, at) in get_directories() {
        if let Some(rest) = path.strip_prefix(&at) {
            let rest = rest.trim_start_matches('/');
            return (folder, if rest.is_empty() { "." } else { rest }.to_owned());
        }
    }
    panic!("no folder has {path}");
}

async fn open(path: &str, open: OpenFlags, wanted: DescriptorFlags) -> Result<Descriptor, String> {
    let (folder, rest) = folder(path);
    folder.open_at(PathFlags::SYMLINK_FOLLOW, rest, open, wanted).await.map_err(|code| format!("{code:?}"))
}

pub async fn files(args: &[&str]) -> Result<Vec<u8>, String> {
    let said = |code| format!("{code:?}");
    Ok(match args {
        ["cat", path] => {
            let file = open(path, OpenFlags::empty(), DescriptorFlags::READ).await?;
            let (mut bytes, ended) = file.read_via_stream(0);
            let mut all = Vec::new();
            loop {
                let (result, piece) = bytes.read(Vec::with_capacity(64 << 10)).await;
                all.extend(piece);
                if result == StreamResult::Dropped {
                    break;
                }
            }
            ended.await.map_err(said)?;
            all
        }
        ["dir", path] => {
            let folder = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?;
            let (mut entries, ended) = folder.read_directory();
            let mut names = Vec::new();
            while let Some(entry) = entries.next().await {
                let letter = match entry.type_ {
                    DescriptorType::Directory => 'd',
                    DescriptorType::SymbolicLink => 'l',
                    _ => 'f',
                };
                names.push(format!("{letter} {}\n", entry.name));
            }
            ended.await.map_err(said)?;
            names.sort();
            names.concat().into_bytes()
        }
        ["names", path] => {
            let folder = open(path, OpenFlags::DIRECTORY, DescriptorFlags::READ).await?;
            let (mut entries, ended) = folder.read_directory();
            let mut count = 0;
            while entries.next().await.is_some() {
                count += 1;
            }
            ended.await.map_err(said)?;
            count.to_string().into_bytes()
        }
        ["link", path] => {
            let (folder, rest) = folder(path);
            folder.readlink_at(rest).await.map_err(said)?.into_bytes()
        }
        ["size", path] => {
            let (folder, rest) = folder(path);
            let stat = folder.stat_at(PathFlags::SYMLINK_FOLLOW, rest).await.map_err(said)?;
            stat.size.to_string().into_bytes()
        }
        ["write", path] => {
            open(path, OpenFlags::CREATE | OpenFlags::TRUNCATE, DescriptorFlags::WRITE).await.map(|_| Vec::new())?
        }
        ["rm", path] => {
            let (folder, rest) = folder(path);
            folder.unlink_file_at(rest).await.map(|()| Vec::new()).map_err(said)?
        }
        ["mkdir", path] => {
            let (folder, rest) = folder(path);
            folder.create_directory_at(rest).await.map(|()| Vec::new()).map_err(said)?
        }
        _ => return Err("no such verb".to_owned()),
    })
}

pub async fn url(method: &str, url: &str, headers: &[&str]) -> Result<Vec<u8>, String> {
    let (scheme, rest) = url.split_once("://").expect("a URL");
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once('=').expect("NAME=VALUE");
        fields.append(name, value.as_bytes()).expect("a header");
    }
    let (_, trailers) = wasip3::wit_future::new(|| Ok(None));
    let (request, _sent) = Request::new(fields, None, trailers, None);
    let method = match method {
        "GET" => Method::Get,
        "HEAD" => Method::Head,
        other => Method::Other(other.to_owned()),
    };
    request.set_method(&method).expect("a method");
    request.set_scheme(Some(&Scheme::Other(scheme.to_owned()))).expect("a scheme");
    request.set_authority(Some(authority)).expect("an authority");
    request.set_path_with_query(Some(path)).expect("a path");
    let response = client::send(request).await.map_err(|error| format!("{error:?}"))?;
    let mut out = format!("{}\n", response.get_status_code()).into_bytes();
    for name in ["content-type", "etag", "content-range", "content-length", "accept-ranges"] {
        for value in response.get_headers().get(name) {
            out.extend(format!("{name}: {}\n", String::from_utf8_lossy(&value)).into_bytes());
        }
    }
    out.push(b'\n');
    let (_, taken) = wasip3::wit_future::new(|| Ok(()));
    let (mut body, trailers) = Response::consume_body(response, taken);
    loop {
        let (result, piece) = body.read(Vec::with_capacity(64 << 10)).await;
        out.extend(piece);
        if result == StreamResult::Dropped {
            break;
        }
    }
    trailers.await.map_err(|error| format!("{error:?}"))?;
    Ok(out)
}
